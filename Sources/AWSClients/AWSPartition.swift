/// A separate AWS with its own accounts, regions and host names.
///
/// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
package enum AWSPartition: String, Sendable, CaseIterable {
    case aws
    case china = "aws-cn"
    case usGov = "aws-us-gov"
    case iso = "aws-iso"
    case isoB = "aws-iso-b"
    case isoE = "aws-iso-e"
    case isoF = "aws-iso-f"
    case europeanSovereign = "aws-eusc"

    /// The partition of a region, by the region's prefix.
    package init(region: String) {
        let prefixes: [(String, AWSPartition)] = [
            ("cn-", .china), ("us-gov-", .usGov), ("us-iso-", .iso), ("us-isob-", .isoB), ("eu-isoe-", .isoE),
            ("us-isof-", .isoF), ("eusc-", .europeanSovereign),
        ]
        self = prefixes.first { region.hasPrefix($0.0) }?.1 ?? .aws
    }

    /// What all host names of the partition end in.
    package var hostSuffix: String {
        switch self {
        case .aws, .usGov: "amazonaws.com"
        case .china: "amazonaws.com.cn"
        case .iso: "c2s.ic.gov"
        case .isoB: "sc2s.sgov.gov"
        case .isoE: "cloud.adc-e.uk"
        case .isoF: "csp.hci.ic.gov"
        case .europeanSovereign: "amazonaws.eu"
        }
    }
}

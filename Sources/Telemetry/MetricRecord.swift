package import Support

/// One line in CloudWatch's embedded metric format: a log line from which CloudWatch makes metrics, so that they cost
/// no call.
///
/// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
package struct MetricRecord: Sendable {
    package enum Unit: String, Sendable {
        case count = "Count"
        case seconds = "Seconds"
    }

    package struct Metric: Sendable {
        let name: String
        let value: Double
        let unit: Unit
    }

    package static let namespace = "QualysLambdaScanner"

    package private(set) var metrics: [Metric] = []
    private let dimensions: [(name: String, value: String)]

    /// - Parameter dimensions: At most 30 by the specification; none makes plain metrics.
    package init(dimensions: [(name: String, value: String)] = []) {
        self.dimensions = dimensions
    }

    package mutating func add(_ name: String, _ value: Double, _ unit: Unit = .count) {
        metrics.append(Metric(name: name, value: value, unit: unit))
    }

    /// The whole line, its line feed included. Besides what the format needs, it has the fields of every log line.
    package func line(at now: Timestamp, requestID: String?) -> [UInt8] {
        var line = JSONWriter(reservingCapacity: 512)
        line.object { line in
            line.member("timestamp", now.iso8601Milliseconds)
            line.member("level", "info")
            line.member("message", "metrics")
            line.member(optional: "requestId", requestID)
            line.key("_aws")
            line.object { line in
                line.member("Timestamp", now.milliseconds)
                line.key("CloudWatchMetrics")
                line.array { line in
                    line.object { line in directive(&line) }
                }
            }
            for dimension in dimensions { line.member(dimension.name, dimension.value) }
            for metric in metrics {
                line.key(metric.name)
                line.value(metric.value)
            }
        }
        return line.bytes + [UInt8(ascii: "\n")]
    }

    private func directive(_ line: inout JSONWriter) {
        line.member("Namespace", Self.namespace)
        line.key("Dimensions")
        line.array { line in
            line.array { line in
                for dimension in dimensions { line.value(dimension.name) }
            }
        }
        line.key("Metrics")
        line.array { line in
            for metric in metrics {
                line.object { line in
                    line.member("Name", metric.name)
                    line.member("Unit", metric.unit.rawValue)
                }
            }
        }
    }
}

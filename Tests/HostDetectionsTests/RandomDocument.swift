import TestSupport

/// Makes Host List Detection documents as strange as XML allows, and the DTD nearly.
struct RandomDocument {
    private var generator: SeededGenerator

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    mutating func next() -> [UInt8] {
        var text = chance(3) ? "\u{FEFF}" : ""
        if !chance(4) { text += #"<?xml version="1.0" encoding="UTF-8" ?>"# + "\n" }
        if !chance(3) { text += #"<!DOCTYPE HOST_LIST_VM_DETECTION_OUTPUT SYSTEM "https://a.test/output.dtd">"# + "\n" }
        text += noise() + "<HOST_LIST_VM_DETECTION_OUTPUT>" + noise() + "<RESPONSE>" + element("DATETIME", "2026")
        text += "<HOST_LIST>" + noise()
        for _ in 0..<below(4) { text += host() }
        text += "</HOST_LIST>" + noise() + "</RESPONSE></HOST_LIST_VM_DETECTION_OUTPUT>" + noise()
        return Array(text.utf8)
    }

    private mutating func host() -> String {
        var text = "<HOST>" + noise()
        text += element("ID", number())
        for name in ["IP", "IPV6", "TRACKING_METHOD", "OS", "DNS", "LAST_SCAN_DATETIME"] where !chance(3) {
            text += element(name, words())
        }
        if chance(2) { text += "<DNS_DATA>" + element("FQDN", words()) + element("ID", "7") + "</DNS_DATA>" }
        if chance(2) { text += "<METADATA><EC2><ATTRIBUTE>" + element("STATUS", "x") + "</ATTRIBUTE></EC2></METADATA>" }
        if chance(5) { return text + "</HOST>" + noise() }
        text += "<DETECTION_LIST>" + noise()
        for _ in 0..<below(5) { text += detection() }
        return text + "</DETECTION_LIST>" + noise() + "</HOST>" + noise()
    }

    private mutating func detection() -> String {
        var text = "<DETECTION>" + noise()
        let numbers = [
            "UNIQUE_VULN_ID", "QID", "SEVERITY", "PORT", "SSL", "TIMES_FOUND", "IS_IGNORED", "IS_DISABLED",
        ]
        let texts = [
            "TYPE", "PROTOCOL", "FQDN", "INSTANCE", "RESULTS", "STATUS", "FIRST_FOUND_DATETIME", "LAST_FOUND_DATETIME",
            "LAST_TEST_DATETIME", "LAST_UPDATE_DATETIME", "LAST_FIXED_DATETIME", "SERVICE",
        ]
        for name in (numbers + texts).shuffled(using: &generator) where !chance(4) {
            text += element(name, numbers.contains(name) ? number() : words())
        }
        if chance(2) {
            text += #"<QDS severity="HIGH">"# + number() + "</QDS><QDS_FACTORS>"
            text += #"<QDS_FACTOR name="&lt;x&gt;">"# + words() + "</QDS_FACTOR></QDS_FACTORS>"
        }
        if chance(9) { text += element("RESULTS", "the first one stays") }
        return text + "</DETECTION>" + noise()
    }

    private mutating func element(_ name: String, _ text: String) -> String {
        if text.isEmpty, chance(2) { return "<\(name)/>" }
        return "<\(name)\(chance(5) ? " a='1'" : "")>\(text)</\(name)\(chance(9) ? " " : "")>" + noise()
    }

    /// A number, or what is none.
    private mutating func number() -> String {
        switch below(12) {
        case 0: return ""
        case 1: return " \n\(below(100_000)) "
        case 2: return "00\(below(1000))"
        case 3: return "-5"
        case 4: return "1e3"
        case 5: return "123456789012345678901"
        case 6: return "<![CDATA[\(below(1000))]]>"
        case 7: return "&#49;<!-- -->2"
        case 8: return "٣"
        default: return String(below(2_000_000_000))
        }
    }

    /// Text in all its forms: plain, references, CDATA with its end mark split, comments in the middle.
    private mutating func words() -> String {
        var text = ""
        for _ in 0..<below(8) {
            switch below(10) {
            case 0: text += "<![CDATA[NAME\tVALUE\n<b>&amp;</b> \\ \"]]]]><![CDATA[> end]]>"
            case 1: text += "&lt;&gt;&amp;&quot;&apos;&#xE4;&#128512;&#13;"
            case 2: text += noise()
            case 3: text += "Größe 10 µs, 文字 😀"
            case 4: text += "\r\n\t, \"quoted\" \\"
            case 5: text += "<![CDATA[]]>"
            case 6: text += "]] >"
            case 7: text += String(repeating: "x", count: below(3000))
            case 8: text += "\u{7F}\u{85}\u{2028}"
            default: text += "plain "
            }
        }
        return text
    }

    private mutating func noise() -> String {
        switch below(6) {
        case 0: "<!-- a comment with <TAGS> & such -->"
        case 1: "\n   "
        case 2: "<?target some data?>"
        default: ""
        }
    }

    private mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &generator) }

    private mutating func chance(_ one: Int) -> Bool { below(one) == 0 }
}

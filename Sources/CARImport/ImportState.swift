import JSONStream
import Support

/// What a run leaves for the next beside `model_state_id` in CAR: without it nobody could tell what is gone from Qualys,
/// because CAR does not list what it holds.
struct ImportState: Sendable, Equatable {
    let source: String

    /// The `model_state_id` that this belongs to; another one in CAR means that somebody else has imported since.
    var modelState: String

    /// All assets that may be in CAR.
    var assets: IDRanges

    /// Rows that one answer of CAR to a query has had: an answer with fewer has not been cut.
    var largestAnswer: Int

    /// A full import has begun and did not end.
    var isUnfinished = false

    init(source: String, modelState: String, assets: IDRanges, largestAnswer: Int, isUnfinished: Bool = false) {
        self.source = source
        self.modelState = modelState
        self.assets = assets
        self.largestAnswer = largestAnswer
        self.isUnfinished = isUnfinished
    }

    /// Nil for anything that this program did not write for that source: then the import is full.
    init?(json: [UInt8], source: String) {
        var parser = JSONParser(ceiling: 64 << 20)
        let read = try? parser.parse(json) { json -> ImportState? in
            guard json["version"]?.integer == 1, json["source"]?.text == source,
                let modelState = json["model_state_id"]?.text,
                let assets = json["assets"]?.text.flatMap(IDRanges.init(packed:)),
                let largest = json["largest_answer"]?.integer,
                let isUnfinished = json["unfinished"]?.bool
            else { return nil }
            return ImportState(
                source: source,
                modelState: modelState,
                assets: assets,
                largestAnswer: Int(clamping: largest),
                isUnfinished: isUnfinished
            )
        }
        guard let state = read ?? nil else { return nil }
        self = state
    }

    var json: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("version", 1)
            json.member("source", source)
            json.member("model_state_id", modelState)
            json.member("largest_answer", largestAnswer)
            json.key("unfinished")
            json.value(isUnfinished)
            json.member("assets", assets.packed)
        }
        return json.bytes
    }
}

extension IDRanges {
    /// As text for a row that holds 400 KB: distances and lengths as numbers of seven bits a byte (LEB128), in base64. Some
    /// 150,000 scattered ids fit.
    var packed: String {
        var bytes: [UInt8] = []
        var last: Int64 = 0
        for range in ranges {
            for number in [range.lowerBound - last, range.upperBound - range.lowerBound] {
                var rest = UInt64(bitPattern: number)
                while rest >= 0x80 {
                    bytes.append(UInt8(rest & 0x7F) | 0x80)
                    rest >>= 7
                }
                bytes.append(UInt8(rest))
            }
            last = range.upperBound
        }
        return base64Text(bytes)
    }

    init?(packed: String) {
        guard let bytes = base64Bytes(packed) else { return nil }
        var numbers: [Int64] = []
        var (value, shift): (UInt64, UInt64) = (0, 0)
        for byte in bytes {
            guard shift < 64 else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            shift += 7
            guard byte < 0x80 else { continue }
            numbers.append(Int64(bitPattern: value))
            (value, shift) = (0, 0)
        }
        guard shift == 0, numbers.count % 2 == 0 else { return nil }
        self.init()
        var last: Int64 = 0
        for index in stride(from: 0, to: numbers.count, by: 2) {
            let (first, isOver) = last.addingReportingOverflow(numbers[index])
            let (end, isBeyond) = first.addingReportingOverflow(numbers[index + 1])
            guard !isOver, !isBeyond, first <= end else { return nil }
            insert(first...end)
            last = end
        }
    }
}

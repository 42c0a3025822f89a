import Compression
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
            guard json["version"]?.integer == 2, json["source"]?.text == source,
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
            json.member("version", 2)
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
    /// As text for a row that holds 400 KB: all distances and then all lengths, of all the lowest bytes first, compressed,
    /// in base64. Some 225,000 scattered ids fit.
    var packed: String {
        var (distances, lengths): ([Int64], [Int64]) = ([], [])
        var last: Int64 = 0
        for range in ranges {
            distances.append(range.lowerBound - last)
            lengths.append(range.upperBound - range.lowerBound)
            last = range.upperBound
        }
        let numbers = distances + lengths
        let bytes = stride(from: 0, to: 64, by: 8).flatMap { shift in
            numbers.map { UInt8(truncatingIfNeeded: $0 >> shift) }
        }
        return base64Text(GzipWriter.compress(bytes, level: 9))
    }

    init?(packed: String) {
        let reader = GzipReader(limit: 1 << 30)
        var bytes: [UInt8] = []
        do {
            guard let compressed = base64Bytes(packed) else { return nil }
            try reader.read(compressed) { bytes += $0 }
            try reader.finish()
        } catch {
            return nil
        }
        guard bytes.count % 16 == 0 else { return nil }
        let (half, count) = (bytes.count / 16, bytes.count / 8)
        func number(_ place: Int) -> Int64 {
            (0..<8).reduce(0) { $0 | Int64(bytes[$1 * count + place]) << (8 * $1) }
        }
        self.init()
        var last: Int64 = 0
        for place in 0..<half {
            let (first, isOver) = last.addingReportingOverflow(number(place))
            let (end, isBeyond) = first.addingReportingOverflow(number(half + place))
            guard !isOver, !isBeyond, first <= end else { return nil }
            insert(first...end)
            last = end
        }
    }
}

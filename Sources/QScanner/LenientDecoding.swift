import FoundationEssentials

/// A value that is nil where JSON holds something else: an odd field is passed over, the rest is still read.
struct Lenient<Value: Decodable>: Decodable {
    let value: Value?

    init(from decoder: any Decoder) {
        value = try? Value(from: decoder)
    }
}

extension KeyedDecodingContainer {
    /// The member, or nil when it is missing or of another shape.
    func lenient<Value: Decodable>(_ type: Value.Type, _ key: Key) -> Value? {
        (try? decodeIfPresent(Lenient<Value>.self, forKey: key))?.value
    }

    /// The elements of an array that have the right shape, or nil when the member is missing or no array.
    func lenientArray<Value: Decodable>(_ type: Value.Type, _ key: Key) -> [Value]? {
        lenient([Lenient<Value>].self, key)?.compactMap(\.value)
    }

    /// The number of elements of an array, whatever they are; 0 when the member is missing or no array.
    func elementCount(_ key: Key) -> Int {
        (try? nestedUnkeyedContainer(forKey: key))?.count ?? 0
    }
}

extension ResultFile {
    /// Reads the file as JSON.
    ///
    /// The file is mapped, not copied; the decoder's own picture of it takes about as much again. Returns nil above
    /// the ceiling.
    func decoded<Document: Decodable>(_ type: Document.Type) throws(QScannerError) -> Document? {
        guard bytes <= ResultFile.parsedCeiling else { return nil }
        do {
            let data = try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
            return try JSONDecoder().decode(type, from: data)
        } catch let error as DecodingError {
            throw broken(ResultFile.reason(error))
        } catch {
            throw broken("it could not be read")
        }
    }

    private func broken(_ reason: String) -> QScannerError {
        QScannerError(.brokenResult, "QScanner's \(kind.rawValue) of \(bytes) bytes is not usable: \(reason).")
    }

    /// The decoder's own texts quote the file, which may hold secrets.
    private static func reason(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, _): "it has no `\(key.stringValue)`"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            context.codingPath.last.map { "`\($0.stringValue)` has another form" } ?? "its root has another form"
        default: "it is not JSON, or its end is missing"
        }
    }
}

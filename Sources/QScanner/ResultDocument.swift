import Files
import JSONStream

extension ResultFile {
    /// Reads the file as JSON, piece by piece; the parser's own picture of it takes a few times its size.
    ///
    /// Returns nil above the ceiling.
    func document<Document: JSONReadable>(_ type: Document.Type) throws(QScannerError) -> Document? {
        guard bytes <= ResultFile.parsedCeiling else { return nil }
        var reader = JSONStreamReader(items: "", bounds: JSONStreamReader.Bounds(item: ResultFile.parsedCeiling))
        var document: Document?
        do {
            try forEachPiece(ofFile: path) { piece in
                try reader.push(piece) { document = try Document(json: $0) }
            }
            try reader.finish { document = try Document(json: $0) }
        } catch let fault as JSONShapeFault {
            throw broken(ResultFile.reason(fault))
        } catch is JSONFault {
            throw broken("it is not JSON, or its end is missing")
        } catch {
            throw broken("it could not be read")
        }
        return document
    }

    private func broken(_ reason: String) -> QScannerError {
        QScannerError(.brokenResult, "QScanner's \(kind.rawValue) of \(bytes) bytes is not usable: \(reason).")
    }

    /// The file itself is not quoted: it may hold secrets.
    private static func reason(_ fault: JSONShapeFault) -> String {
        switch fault.problem {
        case .missing(let name): "it has no `\(name)`"
        case .otherType, .null: fault.path.last.map { "`\($0)` has another form" } ?? "its root has another form"
        }
    }
}

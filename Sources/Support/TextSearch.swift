extension StringProtocol {
    /// Where a text first stands in it, compared byte by byte.
    ///
    /// The standard library's own search is in the module of regular expressions, which would come along: 1 MB.
    package func firstRange(ofText part: String) -> Range<Index>? {
        let part = part.utf8
        var start = utf8.startIndex
        while true {
            let rest = utf8[start...]
            if rest.starts(with: part) { return start..<utf8.index(start, offsetBy: part.count) }
            guard start < utf8.endIndex else { return nil }
            start = utf8.index(after: start)
        }
    }

    package func contains(text part: String) -> Bool { firstRange(ofText: part) != nil }
}

import Support

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The folders of one scan, all in one that is its own.
///
/// Nothing here is shared between scans: in an old output folder the result of an earlier scan would be taken for the
/// new one, and a shared cache locks the second of two QScanners out. The caller makes `path` and removes it.
package struct ScanScratch: Sendable, Hashable {
    package let path: String

    /// - Parameter path: A folder of this scan's own, absolute, without a slash at its end.
    package init(path: String) {
        self.path = path
    }

    package var output: String { path + "/output" }
    package var cache: String { path + "/cache" }
    package var home: String { path + "/home" }
    package var temporary: String { path + "/tmp" }

    /// Makes the folders. One that is there already is refused.
    func prepare() throws(QScannerError) {
        for folder in [output, cache, home, temporary] where mkdir(folder, 0o700) != 0 {
            let code = errno
            throw QScannerError(
                .scratch,
                "The scan's scratch folder \(folder) could not be made: \(systemErrorText(code))."
            )
        }
    }
}

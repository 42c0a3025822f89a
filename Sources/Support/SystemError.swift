import Glibc

/// The text of an `errno`. `strerror` has a buffer for each thread (glibc 2.32).
package func systemErrorText(_ code: Int32) -> String {
    strerror(code).map { String(cString: $0) } ?? "error \(code)"
}

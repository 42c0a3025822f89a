import Glibc
import Support

/// Makes the folders above a path, as far as they are not there.
package func makeFolders(for path: String, mode: UInt32 = 0o755) throws(FileFault) {
    // Most often they are there.
    if let slash = path.lastIndex(of: "/"), access(String(path[...slash]), F_OK) == 0 { return }
    var end = path.startIndex
    while let slash = path[end...].dropFirst().firstIndex(of: "/") {
        end = slash
        if mkdir(String(path[..<slash]), mode) != 0, errno != EEXIST, errno != EISDIR {
            throw FileFault(path: String(path[..<slash]), doing: "making the folder", errno: errno)
        }
    }
}

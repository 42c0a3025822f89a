// The environment is written to by nobody after the start.
@preconcurrency import Glibc

/// The environment that the program was started with. Of two values of one name the first, as getenv(3) has it.
func processEnvironment() -> [String: String] {
    var environment: [String: String] = [:]
    var place = environ
    while let entry = place.pointee {
        place += 1
        let text = String(cString: entry)
        guard let equals = text.firstIndex(of: "=") else { continue }
        let name = String(text[..<equals])
        if environment[name] == nil { environment[name] = String(text[text.index(after: equals)...]) }
    }
    return environment
}

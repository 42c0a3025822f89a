// Reads a file as the jobs do, in chunks of 64 KB; prints MB/s, the best of five.
//
// usage: streambench xml|xml-rows|json-check|json-items FILE

import Glibc
import JSONStream
import XMLStream

guard CommandLine.arguments.count == 3, let way = Way(rawValue: CommandLine.arguments[1]) else {
    print("usage: streambench xml|xml-rows|json-check|json-items FILE")
    exit(2)
}
do {
    let rates = try (0..<5).map { _ in try rate(way, path: CommandLine.arguments[2]) }
    print(Int(rates.max() ?? 0))
} catch {
    print(error)
    exit(1)
}

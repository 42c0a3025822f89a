/// Where a value stands in a JSON text: `ServiceResponse.data[0].WasScan.id`. `[]` is every element of an array, and the
/// empty path is the whole text.
///
/// A name that has a dot or a bracket in it cannot be said.
package struct JSONPath: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    enum Step: Sendable, Hashable {
        case name([UInt8])
        case index(Int)
        case each
    }

    let steps: [Step]

    /// As it was written.
    package let description: String

    package init(_ text: String) {
        description = text
        steps = text.split(separator: ".").flatMap { part -> [Step] in
            let pieces = part.split(separator: "[", omittingEmptySubsequences: false)
            let name = pieces[0].isEmpty ? [] : [Step.name(Array(pieces[0].utf8))]
            return name + pieces.dropFirst().map { Int($0.dropLast()).map(Step.index) ?? .each }
        }
    }

    package init(stringLiteral text: String) {
        self.init(text)
    }
}

/// The paths that are looked for, as a tree. Place 0 is the whole text.
struct JSONPathTree: Sendable {
    struct Place: Sendable {
        var names: [(name: [UInt8], place: Int)] = []
        var indices: [(index: Int, place: Int)] = []
        var each: Int?
        /// The values here are what is given out.
        var isItem = false
        /// The number of the path that ends here.
        var slot: Int?
    }

    private(set) var places = [Place()]

    /// - Parameter found: The paths whose values are kept; their slots are their indices.
    init(items: JSONPath?, found: [JSONPath]) {
        for (slot, path) in found.enumerated() { places[place(of: path)].slot = slot }
        if let items { places[place(of: items)].isItem = true }
    }

    /// The place of a member of an object, or nil when nothing is looked for there.
    func member(of place: Int, _ name: UnsafeBufferPointer<UInt8>) -> Int? {
        places[place].names.first { $0.name.elementsEqual(name) }?.place
    }

    func element(of place: Int, _ index: Int) -> Int? {
        places[place].indices.first { $0.index == index }?.place ?? places[place].each
    }

    private mutating func place(of path: JSONPath) -> Int {
        var place = 0
        for step in path.steps {
            if let next = child(of: place, step) {
                place = next
                continue
            }
            let next = places.count
            places.append(Place())
            switch step {
            case .name(let name): places[place].names.append((name, next))
            case .index(let index): places[place].indices.append((index, next))
            case .each: places[place].each = next
            }
            place = next
        }
        return place
    }

    private func child(of place: Int, _ step: JSONPath.Step) -> Int? {
        switch step {
        case .name(let name): places[place].names.first { $0.name == name }?.place
        case .index(let index): places[place].indices.first { $0.index == index }?.place
        case .each: places[place].each
        }
    }
}

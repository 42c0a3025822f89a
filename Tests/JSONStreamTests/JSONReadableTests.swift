import FoundationEssentials
import Support
import TestSupport
import Testing

@testable import JSONStream

/// What of a text each type makes.
private struct Person: JSONReadable, Equatable {
    var name: String
    var age: Int?
    var tags: [String]
    var secret: Redacted?
    var friend: [String: Person]?

    init(json: JSONValue) throws(JSONShapeFault) {
        name = try json.member("name")
        age = try json.member(optional: "age")
        tags = try json.member(optional: "tags") ?? []
        secret = try json.member(optional: "secret")
        friend = try json.member(optional: "friend")
    }
}

/// The same by the standard decoder.
private struct DecodedPerson: Decodable {
    var name: String
    var age: Int?
    var tags: [String]?
    var secret: String?
    var friend: [String: DecodedPerson]?
}

@Suite struct JSONReadableTests {
    @Test func `Members are read with their types, and null is as good as none`() throws {
        let text = #"{"name":"é","age":7,"tags":["a","b"],"secret":"hunter22","friend":null,"more":{}}"#
        let person = try Person(jsonText: Array(text.utf8))
        #expect(person.name == "é")
        #expect(person.age == 7)
        #expect(person.tags == ["a", "b"])
        #expect(person.secret == Redacted("hunter22"))
        #expect(person.friend == nil)
    }

    @Test(arguments: [
        ("[]", "", JSONShapeFault.Problem.otherType), ("null", "", .null), ("{}", "", .missing("name")),
        (#"{"name":null}"#, "name", .null), (#"{"name":5}"#, "name", .otherType),
        (#"{"name":"n","tags":["a",null]}"#, "tags[1]", .null), (#"{"name":"n","age":1.5}"#, "age", .otherType),
        (#"{"name":"n","friend":{"x":{"name":"m","tags":[[]]}}}"#, "friend.x.tags[0]", .otherType),
        (#"{"name":"n","friend":{"x":{}}}"#, "friend.x", .missing("name")),
    ])
    func `A fault names the path, and never a value`(_ text: String, _ path: String, _ problem: JSONShapeFault.Problem)
    {
        let fault = #expect(throws: JSONShapeFault.self) { try Person(jsonText: Array(text.utf8)) }
        #expect(fault?.pathText == path)
        #expect(fault?.problem == problem)
    }

    /// Values of every kind in every place.
    @Test func `The standard decoder takes and refuses the same`() throws {
        let values = [
            "null", "true", "0", "-0", "1.0", "1.5", "1e3", "9223372036854775807", "9223372036854775808", "1e400",
            #""""#,
            #""a""#, #""\u00e9\ud83d\ude00""#, "[]", #"["a"]"#, #"["a",1]"#, "[null]", "{}", #"{"x":{"name":"m"}}"#,
            #"{"x":{"name":"m","age":"1"}}"#, #"{"x":null}"#, #"{"x":5}"#,
        ]
        var taken = 0
        for name in ["name", "age", "tags", "secret", "friend", "other"] {
            for value in values {
                let rest = name == "name" ? "" : #","name":"n""#
                let text = Array("{\"\(name)\":\(value)\(rest)}".utf8)
                let read = try? Person(jsonText: text)
                let decoded = try? JSONDecoder().decode(DecodedPerson.self, from: Data(text))
                let said = Comment(rawValue: String(decoding: text, as: UTF8.self))
                #expect((read == nil) == (decoded == nil), said)
                #expect(read?.name == decoded?.name, said)
                #expect(read?.age == decoded?.age, said)
                #expect(read?.tags ?? [] == decoded?.tags ?? [], said)
                #expect(read?.secret?.exposed == decoded?.secret, said)
                #expect(read?.friend?["x"]?.name == decoded?.friend?["x"]?.name, said)
                if read != nil { taken += 1 }
            }
        }
        #expect(taken > 30)
    }
}

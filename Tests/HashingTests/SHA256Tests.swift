import Hashing
import Support
import Testing

@Suite struct SHA256Tests {
    /// FIPS 180-4's examples.
    static let digests = [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ]

    @Test(arguments: digests)
    func `The digest is the standard's`(_ text: String, _ digest: String) {
        #expect(hexText(SHA256.digest(Array(text.utf8))) == digest)
        #expect(hexText(SHA256.digest(text.utf8)) == digest)
        #expect(hexText(SHA256.digest(text.utf8.lazy.map { $0 })) == digest)
    }

    @Test func `A million letters, piece by piece, have the standard's digest`() {
        let hash = SHA256()
        let piece = [UInt8](repeating: UInt8(ascii: "a"), count: 999)
        for _ in 0..<1001 { piece.withUnsafeBytes { hash.update($0) } }
        hash.update(UnsafeRawBufferPointer(start: nil, count: 0))
        [UInt8(ascii: "a")].withUnsafeBytes { hash.update($0) }
        #expect(hexText(hash.finalize()) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }
}

@Suite struct HMACTests {
    /// RFC 4231's examples, and the empty key and message.
    static let codes: [(key: [UInt8], message: [UInt8], code: String)] = [
        (
            [UInt8](repeating: 0x0B, count: 20), Array("Hi There".utf8),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xAA, count: 20), [UInt8](repeating: 0xDD, count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            [UInt8](repeating: 0xAA, count: 131), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
        ([], [], "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
    ]

    @Test(arguments: codes)
    func `The code is the standard's`(_ key: [UInt8], _ message: [UInt8], _ code: String) {
        #expect(hexText(hmacSHA256(key: key, message)) == code)
    }
}

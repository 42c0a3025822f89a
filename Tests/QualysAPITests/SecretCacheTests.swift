import QualysAPI
import Support
import Telemetry
import TestSupport
import Testing

@Suite struct SecretCacheTests {
    private struct Refused: Error {}

    private let clock = FakeClock()
    private let reads = Journal<Timestamp>()

    /// Gives `{"t": "<number of the read>"}`, or fails when `fails` says so of that number.
    private func cache(fails: @escaping @Sendable (Int) -> Bool = { _ in false }) -> SecretCache {
        SecretCache(clock: clock.clock) { [clock, reads] _ in
            let number = reads.write(clock.now)
            if fails(number) { throw Refused() }
            return Redacted("{\"t\":\"\(number)\"}")
        }
    }

    private func value(_ cache: SecretCache) async throws -> String? {
        try await cache.secret(.test())[optional: "t"]?.exposed
    }

    @Test func `The secret is kept for five minutes`() async throws {
        let cache = cache()
        #expect(try await value(cache) == "1")
        clock.advance(.seconds(299))
        #expect(try await value(cache) == "1")
        clock.advance(.seconds(1))
        #expect(try await value(cache) == "2")
    }

    @Test func `A forgotten secret is read anew`() async throws {
        let cache = cache()
        _ = try await value(cache)
        await cache.forget()
        #expect(try await value(cache) == "2")
    }

    @Test func `A failure is not kept`() async throws {
        let cache = cache { $0 == 1 }
        await #expect(throws: Refused.self) { try await value(cache) }
        #expect(try await value(cache) == "2")
    }

    @Test func `A secret that cannot be used is not kept`() async throws {
        let cache = SecretCache(clock: clock.clock) { [clock, reads] _ in
            Redacted(reads.write(clock.now) == 1 ? "broken" : "{\"t\":\"good\"}")
        }
        await #expect(throws: QualysSecretError.notAnObject) { try await value(cache) }
        #expect(try await value(cache) == "good")
    }
}

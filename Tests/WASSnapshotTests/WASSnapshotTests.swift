import HTTPTransport
import Jobs
import Support
import Synchronization
import TestSupport
import Testing

@testable import WASSnapshot

@Suite(.timeLimit(.minutes(2))) struct WASSnapshotTests {
    private let names = "SELECT name FROM Q_WAS_WebApp ORDER BY id"

    @Test func `A change that an update could not read is in the next one, however long ago it was`() async throws {
        let qualys = try FakeSubscription(8)
        _ = try await qualys.run()
        qualys.clock.advance(.seconds(7 * 86400))
        let changed = qualys.clock.now - .seconds(86400)
        qualys.applications.withLock { applications in
            for id in [3, 4] as [Int64] {
                applications[id]?.name = "new \(id)"
                applications[id]?.updated = changed
            }
        }
        qualys.refuse("/get/was/webapp/3")
        await #expect(throws: JobError.self) { try await qualys.run(WASSnapshotParameters(since: .last)) }
        #expect(try qualys.rows(names)[2...3] == ["app 3", "new 4"])
        qualys.refuseNothing()
        qualys.clock.advance(.seconds(86400))
        _ = try await qualys.run(WASSnapshotParameters(since: .last), owner: "another")
        #expect(try qualys.rows(names)[2...3] == ["new 3", "new 4"])
    }

    @Test func `A state that cannot be read is told by its place`() async throws {
        let qualys = try FakeSubscription(2)
        qualys.remembered.withLock { $0 = Array("{}".utf8) }
        let error = await #expect(throws: JobError.self) { try await qualys.run() }
        #expect(error?.reason.contains("in the memory is not readable") == true)
    }

    @Test func `A run that was interrupted says so, and that it goes on`() async throws {
        let qualys = try FakeSubscription(2)
        let run = Task { try await qualys.run() }
        run.cancel()
        let answer = try await run.value
        #expect(answer.status == .continues)
        #expect(answer.reason == "It was interrupted: the same command goes on with it.")
    }

    @Test(
        arguments: [
            // Half of the list, with and without a word on the rest; a list that is empty; no findings.
            ("/search/was/webapp", #"{"WebApp":{"id":1}}"#, "Qualys counts 20 web applications, and 1 came"),
            ("/search/was/webapp", "", "Qualys counts 20 web applications, and 0 came"),
            ("/search/was/finding", "", "Qualys counts 40 findings, and 0 came"),
            ("/search/was/catalog", "", "Qualys counts 30 rows of the catalog, and 0 came"),
        ]
    )
    func `A list that is shorter than Qualys counts takes no snapshot's place, and is asked for anew`(
        path: String,
        records: String,
        expected: String
    ) async throws {
        let qualys = try FakeSubscription(20)
        qualys.catalog.withLock { $0 = 30 }
        _ = try await qualys.run()
        let before = try qualys.object(SnapshotFiles.latest)
        qualys.instead.withLock {
            $0 = { asked, _ in
                asked.hasSuffix(path) ? #"{"ServiceResponse":{"responseCode":"SUCCESS","data":[\#(records)]}}"# : nil
            }
        }
        let error = await #expect(throws: JobError.self) { try await qualys.run() }
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
        #expect(try qualys.object(SnapshotFiles.latest) == before)
        qualys.refuseNothing()
        #expect(try await qualys.run().status == .done)
        #expect(try qualys.rows(names).count == 20)
    }

    @Test func `When many applications are gone at once, the last snapshot stays`() async throws {
        let qualys = try FakeSubscription(20)
        _ = try await qualys.run()
        let before = try qualys.object(SnapshotFiles.latest)
        qualys.instead.withLock {
            $0 = { path, _ in
                path.contains("/get/was/webapp/1") ? #"{"ServiceResponse":{"responseCode":"OBJECT_NOT_FOUND"}}"# : nil
            }
        }
        let error = await #expect(throws: JobError.self) { try await qualys.run() }
        #expect(error?.description.contains("11 of 20") == true, "\(error?.description ?? "")")
        #expect(try qualys.object(SnapshotFiles.latest) == before)
        // They are: the next list does not have them.
        qualys.applications.withLock { $0 = $0.filter { !"\($0.key)".hasPrefix("1") } }
        #expect(try await qualys.run().status == .done)
    }

    @Test(arguments: [("OBJECT_NOT_FOUND", 0), ("NOT_FOUND", 1)])
    func `Only Qualys's own word makes an application a deleted one`(code: String, missing: Int) async throws {
        let qualys = try FakeSubscription(8)
        qualys.refuse("/get/was/webapp/3", code)
        do throws(JobError) {
            #expect(try await qualys.run().counts.contains(JobCount("gone", 1)))
            #expect(missing == 0)
        } catch {
            #expect(error.missing.map(\.id) == ["webapp 3"] && missing == 1)
        }
    }

    @Test(arguments: [#"{"id":"1"}"#, #"{"id":1}"#])
    func `Ids in a list are numbers or texts`(first: String) async throws {
        let qualys = try FakeSubscription(1)
        qualys.instead.withLock {
            $0 = { path, _ in
                path.hasSuffix("/search/was/webapp")
                    ? #"{"ServiceResponse":{"responseCode":"SUCCESS","data":[{"WebApp":\#(first)}]}}"# : nil
            }
        }
        _ = try await qualys.run()
        #expect(try qualys.rows(names) == ["app 1"])
    }

    @Test func `An application without an id is a failure, which the next run does not begin with`() async throws {
        let qualys = try FakeSubscription(7)
        qualys.instead.withLock {
            $0 = { path, _ in
                path.hasSuffix("/search/was/webapp")
                    ? #"{"ServiceResponse":{"responseCode":"SUCCESS","data":[{"WebApp":{"name":"x"}}]}}"# : nil
            }
        }
        let error = await #expect(throws: JobError.self) { try await qualys.run() }
        #expect(error?.description.contains("no web application with an id") == true, "\(error?.description ?? "")")
        qualys.refuseNothing()
        #expect(try await qualys.run().status == .done)
    }

    @Test func `A run that fails again and again is begun anew after a day`() async throws {
        let qualys = try FakeSubscription(8)
        qualys.isTaken.withLock { $0 = { !$0.hasSuffix(".db.gz") } }
        let failed = await #expect(throws: JobError.self) { try await qualys.run() }
        #expect(failed?.outcome == .failed)
        for _ in 0..<3 {
            qualys.clock.advance(.seconds(10 * 3600))
            await #expect(throws: JobError.self) { try await qualys.run() }
        }
        qualys.isTaken.withLock { $0 = { _ in true } }
        qualys.applications.withLock { $0[2]?.name = "new 2" }
        qualys.clock.advance(.seconds(10 * 3600))
        // The fifth run, 40 hours after the first: the third one began anew.
        let last = try await qualys.run()
        #expect(last.run > "20261122")
    }

    @Test func `A run that goes on is held against the counts of its beginning`() async throws {
        let qualys = try FakeSubscription(8)
        qualys.isTaken.withLock { $0 = { !$0.hasSuffix(".db.gz") } }
        await #expect(throws: JobError.self) { try await qualys.run() }
        qualys.isTaken.withLock { $0 = { _ in true } }
        qualys.applications.withLock { $0[2]?.findings += Array(1000..<1020) }
        #expect(try await qualys.run().status == .done)
        #expect(try qualys.rows("SELECT id FROM Q_WAS_Finding").count == 16)
    }

    @Test(arguments: ["json/was_webapp_utc", "json/was_catalog", "json/was_webapp_detail"])
    func `Pages that were deleted since are read anew, also where S3 says only that they may not be read`(
        page: String
    ) async throws {
        let qualys = try FakeSubscription(8)
        qualys.isTaken.withLock { $0 = { !$0.hasSuffix(".db.gz") } }
        await #expect(throws: JobError.self) { try await qualys.run() }
        qualys.isTaken.withLock { $0 = { _ in true } }
        qualys.forbidden.withLock { $0 = { $0.contains(page) } }
        #expect(try await qualys.run().status == .done)
        #expect(try qualys.rows(names).count == 8)
    }

    @Test func `The retry of a partial run leaves alone what is looked at`() async throws {
        let qualys = try FakeSubscription(8)
        qualys.refuse("/get/was/webapp/3")
        let parameters = WASSnapshotParameters(writesCSV: true)
        await #expect(throws: JobError.self) { try await qualys.run(parameters) }
        let named = try [
            #require(try qualys.latest["manifest"]?.text), #require(try qualys.latest["csv"]?.elements.first?.text),
        ]
        let others = try named.map { try qualys.object($0) }
        let latest = try qualys.object(SnapshotFiles.latest)
        let key = try #require(try qualys.latest["database"]?["key"]?.text)
        let database = try qualys.object(key)
        #expect(key.hasSuffix("/was_sqlite.db.gz"))
        qualys.refuseNothing()
        // Killed after the database was written, before latest.json.
        qualys.isTaken.withLock { $0 = { $0 != SnapshotFiles.latest } }
        await #expect(throws: JobError.self) { try await qualys.run(parameters) }
        #expect(try qualys.object(SnapshotFiles.latest) == latest)
        #expect(try qualys.object(key) == database)
        #expect(try named.map { try qualys.object($0) } == others)
        qualys.isTaken.withLock { $0 = { _ in true } }
        _ = try await qualys.run(parameters)
        #expect(try qualys.rows(names).count == 8)
        #expect(try qualys.latest["database"]?["key"]?.text?.hasSuffix("/was_sqlite-2.db.gz") == true)
    }

    @Test(arguments: ["lastScan.date", "lastDetectedDate", "lastTestedDate", "ignoredDate"])
    func `When changes cannot be searched for, all is read; only ignored findings may be left to the counts`(
        field: String
    ) async throws {
        let qualys = try FakeSubscription(8)
        _ = try await qualys.run()
        qualys.clock.advance(.seconds(86400))
        qualys.refuse(field, "INVALID_REQUEST")
        let before = qualys.called.entries.count
        _ = try await qualys.run(WASSnapshotParameters(since: .last))
        let read = qualys.called.entries[before...].count { $0.contains("/get/was/webapp/") }
        #expect(read == (field == "ignoredDate" ? 0 : 8))
    }
}

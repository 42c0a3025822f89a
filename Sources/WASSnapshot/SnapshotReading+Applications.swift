import JSONStream
import Jobs
import Logging
import QualysAPI
import Support
import Telemetry

extension SnapshotReading {
    /// - Parameter loaded: Called for each one that is in the database.
    func readApplications(_ loaded: @escaping @Sendable () -> Void) async throws {
        let choice = try await choice()
        var listed: Set<Int64> = []
        var place: Int64 = 0
        try await withThrowingTaskGroup(of: Void.self) { group in
            var running = 0
            var chain = PageChain(await recorder.state.listing)
            while let step = chain.next {
                let (page, applications) = try await listing(step, from: place)
                chain.move(past: page)
                place += Int64(applications.count)
                for application in applications {
                    listed.insert(application.id)
                    guard choice.isRead(application) else {
                        await recorder.unchanged()
                        continue
                    }
                    if running == width {
                        try await group.next()
                        running -= 1
                    }
                    group.addTask {
                        try await read(application)
                        loaded()
                    }
                    running += 1
                }
            }
            for try await _ in group {}
        }
        if plan.base != nil {
            for id in try await loader.webApps().subtracting(listed) { try await loader.remove(webApp: id) }
        }
    }

    /// Web applications that are read at a time: while the pages of one are packed, stored and loaded, others are asked for.
    var width: Int { 2 * services.workers + 2 }

    /// - Parameter place: Of the page's first web application in the whole list.
    private func listing(
        _ step: PageChain.Step,
        from place: Int64
    ) async throws -> (SnapshotPage, [ListedApplication]) {
        let key = files.webApps(page: step.number)
        if step.isStored {
            guard let page = try await pages.stored(key, context) else { throw LostPage(key: key) }
            await recorder.restored(page)
            return (page, try applications(on: page, step.number, from: place))
        }
        let page = try await pages.get(SnapshotCalls.webApps(), after: step.after, as: key, context)
        // Read before it counts as stored: the next run is not to begin with one that cannot be read.
        let applications = try applications(on: page, step.number, from: place)
        try await recorder.listed(page, next: page.next, context)
        return (page, applications)
    }

    private func applications(
        on page: SnapshotPage,
        _ number: Int,
        from place: Int64
    ) throws -> [ListedApplication] {
        var applications: [ListedApplication] = []
        try page.forEachRecord { record in
            let place = place + Int64(applications.count)
            applications.append(try ListedApplication(record, place: place, page: number))
        }
        return applications
    }

    func read(_ application: ListedApplication) async throws {
        do {
            let (detail, findings) = try await pages(of: application)
            let rows = try await loader.load(
                webApp: application.id,
                listing: application.page,
                detail: detail.body,
                findings: findings.map(\.body)
            )
            try await recorder.loaded(application, [detail] + findings, rows: rows, context)
        } catch let error as QualysError where error.code == "OBJECT_NOT_FOUND" {
            // Deleted since it was listed. A 404 alone may be anybody's.
            try await loader.remove(webApp: application.id)
            await recorder.gone(application)
        } catch let error as QualysError where !error.isOutOfTime && !error.isHopeless {
            try await pass(over: application, error)
        } catch let error as JSONFault {
            try await pass(over: application, error)
        }
    }

    private func pass(over application: ListedApplication, _ error: any Error) async throws {
        // What ends everything also ends the calls that are under way.
        guard !Task.isCancelled else { throw CancellationError() }
        context.log.warning(
            "A web application could not be read",
            error: error,
            metadata: ["webApp": "\(application.id)"]
        )
        await recorder.failed(application, describe(error).description)
    }

    /// What is kept in memory of an application's further pages of findings, in bytes: some applications have very many.
    private static let furtherMemory = 64 * 1024

    /// The details and all findings.
    private func pages(
        of application: ListedApplication
    ) async throws -> (detail: SnapshotPage, findings: [SnapshotPage]) {
        let id = application.id
        let isStored = await recorder.state.done.contains(application.place) && plan.isContinued
        let call = SnapshotCalls.webApp(id)
        let key = files.webApp(batch: SnapshotFiles.batch(application.page, webApp: id))
        async let detail = { () async throws -> SnapshotPage in
            if isStored, let page = try await pages.stored(key, context) { return page }
            let path: JSONPath = "ServiceResponse.data[0].WebApp.id"
            return try await pages.get(call, having: path, equalTo: String(id), as: key, context).page
        }()
        var findings: [SnapshotPage] = []
        var after: Int64? = 0
        while let last = after {
            let batch = SnapshotFiles.batch(application.page, webApp: id, page: findings.count + 1)
            let key = files.findings(batch: batch)
            let memory = findings.isEmpty ? SpooledBody.memory : Self.furtherMemory
            let page: SnapshotPage
            if isStored, let stored = try await pages.stored(key, memory: memory, context) {
                page = stored
            } else {
                let search = SnapshotCalls.findings(of: id)
                page = try await pages.get(search, after: last, as: key, memory: memory, context)
            }
            findings.append(page)
            after = page.next
        }
        return (try await detail, findings)
    }
}

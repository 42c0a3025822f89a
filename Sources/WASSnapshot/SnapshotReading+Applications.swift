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
                let page = try await listing(step)
                chain.move(past: page)
                var applications: [ListedApplication] = []
                try page.forEachRecord { record in
                    guard let application = ListedApplication(record, place: place, page: step.number) else { return }
                    applications.append(application)
                    place += 1
                }
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

    private func listing(_ step: PageChain.Step) async throws -> SnapshotPage {
        let key = files.webApps(page: step.number)
        if step.isStored {
            guard let page = try await pages.stored(key, context) else { throw LostPage(key: key) }
            await recorder.restored(page)
            return page
        }
        let page = try await pages.get(SnapshotCalls.webApps(), after: step.after, as: key, context)
        try await recorder.listed(page, next: page.next, context)
        return page
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
        } catch let error as QualysError where error.kind == .notFound {
            // Deleted since it was listed.
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
            let page: SnapshotPage
            if isStored, let stored = try await pages.stored(key, context) {
                page = stored
            } else {
                page = try await pages.get(SnapshotCalls.findings(of: id), after: last, as: key, context)
            }
            findings.append(page)
            after = page.next
        }
        return (try await detail, findings)
    }
}

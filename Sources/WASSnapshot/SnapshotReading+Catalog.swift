import Support

extension SnapshotReading {
    func readCatalog() async throws {
        let since = plan.base == nil ? nil : plan.state.since
        var chain = PageChain(await recorder.state.catalog)
        while let step = chain.next {
            let key = files.catalog(page: step.number)
            if step.isStored {
                guard let page = try await pages.stored(key, context) else { throw LostPage(key: key) }
                await recorder.restored(page, rows: try await loader.load(catalog: page.body, number: step.number))
                chain.move(past: page)
                continue
            }
            let search = SnapshotCalls.catalog(updatedAfter: since)
            let page = try await pages.get(search, after: step.after, as: key, context)
            let rows = try await loader.load(catalog: page.body, number: step.number)
            try await recorder.catalogued(page, rows: rows, next: page.next, context)
            chain.move(past: page)
        }
    }

    /// Rows of the catalog that were deleted tell nobody when: where the numbers differ, all of it is read.
    func readCatalogAgain(expected: Int) async throws {
        guard try await loader.rows(of: .catalog) != expected else { return }
        try await loader.removeCatalog()
        var number = await recorder.state.catalog.pages
        var after: Int64? = 0
        while let last = after {
            number += 1
            let key = files.catalog(page: number)
            let page = try await pages.get(SnapshotCalls.catalog(), after: last, as: key, context)
            let rows = try await loader.load(catalog: page.body, number: number)
            await recorder.restored(page, rows: rows)
            after = page.next
        }
    }
}

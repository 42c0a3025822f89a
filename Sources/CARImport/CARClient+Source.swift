import JSONStream
import Support
import Telemetry

/// What CAR knows of a source, imports, and changes of what is there.
extension CARClient {
    /// `model_state_id` of a source; nil when it has none, or is not known.
    func state(of source: String, _ context: CallContext) async throws(CARError) -> String? {
        let call = Call(path: "/source/\(percentEncoded(source))", answers: [404])
        let answer = try await send(call, context)
        if answer.status == 404 { return nil }
        let state = try answer.read(call) { $0["model_state_id"]?.scalarText ?? "" }
        return state.isEmpty ? nil : state
    }

    func setState(of source: String, to state: String, _ context: CallContext) async throws(CARError) {
        var body = JSONWriter()
        body.object { $0.member("model_state_id", state) }
        let call = Call(method: "PATCH", path: "/source", query: "key=\(percentEncoded(source))", body: body.bytes)
        _ = try await send(call, context)
    }

    /// From here on CAR knows what the source sends; started again, it starts over.
    func startFullImport(of source: String, _ context: CallContext) async throws(CARError) {
        try await runJob(fullImport("POST", source), context)
    }

    /// What the source has not sent since the start is gone.
    func endFullImport(of source: String, _ context: CallContext) async throws(CARError) {
        try await runJob(fullImport("DELETE", source), context)
    }

    private func fullImport(_ method: String, _ source: String) -> Call {
        Call(method: method, path: "/source/\(percentEncoded(source))/full-import-in-progress")
    }

    /// Hands an import over, again when the answer got lost. Then it may be under way twice, and only of the second time
    /// can be told when it is done: by then all that is in it is there, and the other brings nothing else.
    ///
    /// - Returns: Its id.
    func post(_ envelope: [UInt8], _ context: CallContext) async throws(CARError) -> String {
        let call = Call(method: "POST", path: "/imports", body: envelope)
        return try await send(call, context).read(call) { json in
            json["id"]?.scalarText.flatMap { $0.isEmpty ? nil : $0 }
        }
    }

    /// Waits until imports are done.
    func awaitImports(_ ids: [String], _ context: CallContext) async throws(CARError) {
        for start in stride(from: 0, to: ids.count, by: 50) {
            var open = Array(ids[start..<min(start + 50, ids.count)])
            var pause = GrowingPause()
            while !open.isEmpty {
                let list = open.map { percentEncoded($0) }.joined(separator: ",")
                let call = Call(path: "/importstatus", query: "ids=\(list)")
                let (failed, incomplete) = try await send(call, context).read(call) { json -> ([String], [String])? in
                    guard let failed = json["error_imports"]?.array,
                        let incomplete = json["incomplete_imports"]?.array?.map({ $0["id"]?.scalarText }),
                        !incomplete.contains(nil)
                    else { return nil }
                    return (failed.map { $0["error"]?.scalarText ?? "no reason given" }, incomplete.compactMap { $0 })
                }
                if let reason = failed.first {
                    throw CARError(.failed, call: "POST /imports", message: String(reason.prefix(300)))
                }
                open = incomplete
                if !open.isEmpty { try await wait(&pause, call, context) }
            }
        }
    }

    /// The ids at the other end of the active edges of one vertex.
    ///
    /// - Parameters:
    ///   - edge: The collection, `asset_vulnerability`.
    ///   - end: The collection of the vertex, and its id as the interface names it: `source/id`, `ipaddress/key`.
    func neighbours(
        _ edge: String,
        of end: (collection: String, id: String),
        at other: String,
        _ context: CallContext
    ) async throws(CARError) -> [String] {
        var value = JSONWriter()
        value.value(end.id)
        var body = JSONWriter()
        body.object {
            $0.member(
                "query",
                "query { \(edge)(where: {\(end.collection)_id: {_eq: \(value.text)}}) { source, \(other)_id } }"
            )
        }
        let call = Call(method: "POST", path: "/query", body: body.bytes, isThird: true, answers: [404])
        let answer = try await send(call, context)
        if answer.status == 404 { return [] }
        return try answer.read(call) { json in
            // GraphQL tells its errors with status 200, beside what it could find.
            guard let rows = json["data"]?[edge]?.array, (json["errors"]?.array ?? []).isEmpty else { return nil }
            var found: [String] = []
            for row in rows {
                guard let id = row["\(other)_id"]?.scalarText else { return nil }
                // The part after the first slash is the id.
                found.append(String(id.drop { $0 != "/" }.dropFirst()))
            }
            return found
        }
    }

    /// Switches an edge off. One that is not there is off already.
    func switchOff(
        _ edge: String,
        from: String,
        to: String,
        source: String,
        _ context: CallContext
    ) async throws(CARError) {
        let query = "source=\(percentEncoded(source))&from=\(percentEncoded(from))&to=\(percentEncoded(to))"
        let call = Call(
            method: "PATCH",
            path: "/\(edge)",
            query: query,
            body: Array(#"{"active":false}"#.utf8),
            answers: [404]
        )
        _ = try await send(call, context)
    }

    /// Deletes assets and all edges that touch them. A call without ids would delete all: there is none.
    func deleteAssets(_ ids: [Int64], source: String, _ context: CallContext) async throws(CARError) {
        for start in stride(from: 0, to: ids.count, by: 80) {
            let list = ids[start..<min(start + 80, ids.count)].map(String.init).joined(separator: ",")
            let call = Call(
                method: "DELETE",
                path: "/source/\(percentEncoded(source))/asset",
                query: "external_ids=\(list)",
                answers: [404]
            )
            _ = try await send(call, context)
        }
    }
}

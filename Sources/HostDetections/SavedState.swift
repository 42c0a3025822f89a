import JSONStream
import Jobs
import Support

// What the job remembers, as JSON.

extension DetectionsState: JSONReadable {
    var json: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("version", Self.version)
            json.key("complete")
            json.object { json in
                for (request, start) in complete.sorted(by: { $0.key < $1.key }) { json.member(request, start) }
            }
            json.key("unfinished")
            json.object { json in
                for (shape, run) in unfinished.sorted(by: { $0.key < $1.key }) {
                    json.key(shape)
                    json.object { json in
                        json.member("started", run.started)
                        json.member("processedAfter", run.processedAfter)
                        json.member("touched", run.touched)
                        json.member(optional: "owner", run.owner)
                    }
                }
            }
            if let newest { json.member("newest", newest) }
            json.member("done", done)
        }
        return json.bytes
    }

    /// - Throws: `JobStateError.unreadable` for what this program did not write.
    init(json: [UInt8], place: String) throws(JobStateError) {
        guard let state = try? DetectionsState(jsonText: json) else { throw .unreadable(place) }
        self = state
    }

    init(json: JSONValue) throws(JSONShapeFault) {
        try json.check(version: Self.version)
        complete = try json.member("complete")
        unfinished = try json.member(optional: "unfinished") ?? [:]
        newest = try json.member(optional: "newest")
        done = try json.member("done")
    }
}

extension DetectionsState.Run: JSONReadable {
    init(json: JSONValue) throws(JSONShapeFault) {
        started = try json.member("started")
        processedAfter = try json.member("processedAfter")
        touched = try json.member(optional: "touched") ?? started
        owner = try json.member(optional: "owner")
    }
}

extension Checkpoint: JSONReadable {
    var json: [UInt8] {
        var json = JSONWriter(reservingCapacity: 64 << 10)
        json.object { json in
            json.member("version", Self.version)
            json.member("started", started)
            json.member("processedAfter", processedAfter)
            json.member("batchSize", batchSize)
            json.member("byAddress", byAddress)
            json.member("knowledgeBase", knowledgeBase)
            json.member("statuses", statuses)
            json.key("filters")
            json.array { json in
                for field in filters {
                    json.object { json in
                        json.member("name", field.name)
                        json.member("value", field.value)
                    }
                }
            }
            json.member("rows", rows.map(\.rawValue))
            json.member("kinds", kinds.map(\.rawValue))
            json.member("isOriginal", isOriginal)
            json.member("gzips", gzips)
            json.member("account", account)
            json.member("isListed", isListed)
            if let listed { json.member("listed", listed) }
            json.member("hosts", hosts)
            json.member("addresses", addresses)
            json.member("portal", portal)
            json.key("lists")
            json.array { json in
                for object in lists { object.write(to: &json) }
            }
            json.key("finished")
            json.array { json in
                for work in finished { work.write(to: &json) }
            }
            json.member("qids", qids)
        }
        return json.bytes
    }

    /// - Throws: `JobStateError.unreadable` for what this program did not write.
    init(json: [UInt8], place: String) throws(JobStateError) {
        guard let checkpoint = try? Checkpoint(jsonText: json) else { throw .unreadable(place) }
        self = checkpoint
    }

    init(json: JSONValue) throws(JSONShapeFault) {
        try json.check(version: Self.version)
        started = try json.member("started")
        processedAfter = try json.member("processedAfter")
        batchSize = try json.member("batchSize")
        byAddress = try json.member("byAddress")
        knowledgeBase = try json.member("knowledgeBase")
        statuses = try json.member("statuses")
        filters = try json.member("filters")
        rows = try json.member("rows")
        kinds = try json.member("kinds")
        isOriginal = try json.member("isOriginal")
        gzips = try json.member("gzips")
        account = try json.member("account")
        isListed = try json.member("isListed")
        listed = try json.member(optional: "listed")
        hosts = try json.member("hosts")
        addresses = try json.member("addresses")
        portal = try json.member("portal")
        lists = try json.member(optional: "lists") ?? []
        finished = try json.member("finished")
        qids = try json.member("qids")
    }
}

extension HostDetectionsParameters.Field: JSONReadable {
    init(json: JSONValue) throws(JSONShapeFault) {
        self.init(try json.member("name"), try json.member("value"))
    }
}

extension FinishedWork: JSONReadable {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("number", number)
            json.member("kind", kind.rawValue)
            json.member("hosts", hosts)
            json.member("detections", detections)
            json.member("bytes", bytes)
            json.key("objects")
            json.array { json in
                for object in objects { object.write(to: &json) }
            }
        }
    }

    init(json: JSONValue) throws(JSONShapeFault) {
        number = try json.member("number")
        kind = try json.member("kind")
        hosts = try json.member("hosts")
        detections = try json.member("detections")
        bytes = try json.member("bytes")
        objects = try json.member("objects")
    }
}

extension FinishedWork.Object: JSONReadable {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("key", key)
            json.member("bytes", bytes)
            json.member("sha256", sha256)
            json.member("path", path)
        }
    }

    init(json: JSONValue) throws(JSONShapeFault) {
        key = try json.member("key")
        bytes = try json.member("bytes")
        sha256 = try json.member("sha256")
        path = try json.member("path")
    }
}

extension JSONValue {
    fileprivate func check(version: Int) throws(JSONShapeFault) {
        let saved: Int = try member("version")
        guard saved == version else { throw otherType }
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ name: String, _ truth: Bool) {
        key(name)
        value(truth)
    }

    fileprivate mutating func member(_ name: String, _ texts: [String]) {
        key(name)
        array { json in
            for text in texts { json.value(text) }
        }
    }
}

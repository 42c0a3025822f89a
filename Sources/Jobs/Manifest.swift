package import Support

/// What a run has written and what it could not: the last thing that a job writes.
package struct Manifest: Sendable {
    package let job: JobName
    package let run: String
    package let status: String

    /// What was asked for, as JSON members in order.
    package let parameters: [(name: String, value: String)]

    /// `window` for a job of a time window, else `parameters`.
    package let parametersName: String
    package let counts: [JobCount]
    package let objects: [StoredObject]
    package let failed: [JobError.Missing]
    package let started: Timestamp
    package let finished: Timestamp

    package init(
        job: JobName,
        run: String,
        parametersName: String,
        parameters: [(name: String, value: String)],
        counts: [JobCount],
        objects: [StoredObject],
        failed: [JobError.Missing],
        started: Timestamp,
        finished: Timestamp
    ) {
        self.job = job
        self.run = run
        status = failed.isEmpty ? "done" : "partial"
        self.parametersName = parametersName
        self.parameters = parameters
        self.counts = counts
        self.objects = objects
        self.failed = failed
        self.started = started
        self.finished = finished
    }

    package var json: [UInt8] {
        var json = JSONWriter(reservingCapacity: 1024 + objects.count * 160)
        json.object { json in
            json.member("job", job.rawValue)
            json.member("run", run)
            json.member("status", status)
            json.key(parametersName)
            json.object { json in
                for (name, value) in parameters { json.member(name, value) }
            }
            json.key("counts")
            json.counts(counts)
            json.member("bytes", objects.reduce(0) { $0 + $1.bytes })
            json.key("objects")
            json.array { json in
                for object in objects {
                    json.object { json in
                        json.member("key", object.key)
                        json.member("bytes", object.bytes)
                        json.member("sha256", object.sha256)
                    }
                }
            }
            json.key("failed")
            json.array { json in
                for missing in failed {
                    json.object { json in
                        json.member("id", missing.id)
                        json.member("reason", missing.reason)
                    }
                }
            }
            json.member("started", started.iso8601)
            json.member("finished", finished.iso8601)
        }
        return json.bytes
    }
}

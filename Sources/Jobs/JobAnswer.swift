import Support

/// What a job says when it ends without a failure.
package struct JobAnswer: Sendable, Equatable {
    package enum Status: String, Sendable {
        case done
        /// The deadline came first. What is done is remembered, and the next event goes on from there.
        case continues
        /// Of the answer that a `JobError` carries: some of it is missing.
        case partial
    }

    package let job: JobName

    /// The start of the run, `YYYYMMDDTHHMMSSZ`.
    package let run: String
    package var status: Status

    /// In the order in which they are shown.
    package let counts: [JobCount]

    /// The address of the manifest, when one was written.
    package let manifest: String?

    /// Why it continues.
    package let reason: String?

    package init(
        job: JobName,
        run: String,
        status: Status,
        counts: [JobCount],
        manifest: String? = nil,
        reason: String? = nil
    ) {
        self.job = job
        self.run = run
        self.status = status
        self.counts = counts
        self.manifest = manifest
        self.reason = reason
    }

    package var json: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("job", job.rawValue)
            json.member("run", run)
            json.member("status", status.rawValue)
            json.key("counts")
            json.counts(counts)
            json.member(optional: "manifest", manifest)
            json.member(optional: "reason", reason)
        }
        return json.bytes
    }
}

extension JobAnswer {
    /// Why a run that was cut short continues, as its task knows: Ctrl-C cancels that.
    package static var reasonToContinue: String {
        Task.isCancelled ? "It was interrupted: the same command goes on with it." : "There was no time for all of it."
    }
}

/// How many there were of something.
package struct JobCount: Sendable, Equatable {
    package let name: String
    package let value: Int

    package init(_ name: String, _ value: Int) {
        self.name = name
        self.value = value
    }
}

extension JSONWriter {
    package mutating func counts(_ counts: [JobCount]) {
        object { json in
            for count in counts { json.member(count.name, count.value) }
        }
    }
}

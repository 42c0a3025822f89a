import AWSClients
import Logging
import QScanner
package import Support
package import Telemetry

/// The scan of one changed function, from the decision to the row that says it is done.
///
///     decide -> GetFunction -> claim -> package check | QScanner -> S3 -> SNS -> tags -> row
///
/// The row comes last and says that all before it was done. What fails before it is done again by Lambda's retry: the
/// function is tagged `failed`, the claim is given back, and the error goes to Lambda. No path answers success for work
/// that was not done.
package struct FunctionScan: Sendable {
    /// A table that does not answer must not take the scan's time: of a short invocation a quarter at most.
    private static let longestClaim = Duration.seconds(20)

    private let steps: ScanSteps
    private let crossAccountRoleName: String?
    private let clock: WallClock

    package init(steps: ScanSteps, crossAccountRoleName: String?, clock: WallClock = .system) {
        self.steps = steps
        self.crossAccountRoleName = crossAccountRoleName
        self.clock = clock
    }

    /// - Parameters:
    ///   - owner: The same text for every delivery of the same event: the Lambda request id, or the SQS message id.
    package func run(
        _ change: FunctionChange,
        identity: ScannerIdentity,
        owner: String,
        _ context: CallContext
    ) async throws -> ScanAnswer {
        let decision = try ScanDecision(change, identity: identity, crossAccountRoleName: crossAccountRoleName)
        guard case .scan(let function, let access) = decision else {
            guard case .skip(let reason) = decision else { return ScanAnswer(status: .skipped, function: nil) }
            context.log.info("Skipped", metadata: ["reason": "\(reason)"])
            return ScanAnswer(status: .skipped, function: change.function, reason: reason)
        }
        var context = context
        context.log[metadataKey: "function"] = "\(function)"
        return try await Attempt(
            steps: steps,
            clock: clock,
            function: function,
            created: change.created,
            access: access,
            owner: owner,
            budget: TimeBudget(deadline: context.deadline, now: clock.now()),
            context: context
        ).run()
    }

    /// Somebody deleted it while it was scanned.
    private struct FunctionGone: Error {}

    /// One attempt at one function.
    private struct Attempt {
        let steps: ScanSteps
        let clock: WallClock
        let function: FunctionARN
        let created: Timestamp?
        let access: ScanDecision.Access
        let owner: String
        let budget: TimeBudget
        let context: CallContext

        private var log: Logger { context.log }

        func run() async throws -> ScanAnswer {
            var held: ScanClaim?
            var isTold = false
            do {
                guard let description = try await steps.describe(function, access, context(until: budget.scan)) else {
                    return gone()
                }
                var claim = ScanClaim(
                    function: function,
                    code: ScannedCode(description),
                    owner: owner,
                    expires: context.deadline.moment,
                    now: clock.now(),
                    created: created
                )
                switch await take(claim) {
                case .taken:
                    claim.isHeld = true
                    held = claim
                case nil: break
                case .cached(let results): return cached(claim, results)
                case .inProgress(let owner, let expires): return inProgress(claim, owner, expires)
                }
                let finished = try await scan(description, claim)
                isTold = true
                try await record(finished, claim, context(until: budget.store))
                steps.emit(ScanMetrics.finished(finished.report), log)
                log.info("Scanned", metadata: summary(of: finished))
                return finished.answer
            } catch is FunctionGone {
                await attempt("give the claim back") { [held] in
                    if let held { _ = try await steps.giveBack?(held, context(until: budget.report)) }
                }
                return gone()
            } catch {
                // A person who interrupts does not wait long for it.
                let deadline = Task.isCancelled ? budget.report.atMost(.seconds(5), from: clock.now()) : budget.report
                // In a task of its own, because in a cancelled one no call is made.
                await Task { [held, isTold] in
                    await tellFailure(error, held, isTold: isTold, context(until: deadline))
                }.value
                throw ScanFailure(function: function, underlying: error)
            }
        }

        /// Nil when there is no table, or it does not answer. That costs a scan too many at worst; not scanning could cost a
        /// vulnerability.
        private func take(_ claim: ScanClaim) async -> ScanClaim.Outcome? {
            guard let take = steps.claim else { return nil }
            let now = clock.now()
            let quarter = budget.scan.remaining(at: now) / 4
            let deadline = budget.scan.atMost(min(FunctionScan.longestClaim, quarter), from: now)
            do {
                return try await take(claim, context(until: deadline))
            } catch {
                log.error("The cache table does not answer: scanning without it", error: error)
                return nil
            }
        }

        /// Everything but the row.
        private func scan(_ description: FunctionDescription, _ claim: ScanClaim) async throws -> FinishedScan {
            let scratch = try steps.makeScratch()
            defer { steps.removeScratch(scratch) }
            log.info("Scanning", metadata: ["packageType": "\(description.packageType.rawValue)"])
            let report = try await examine(description, scratch)
            // QScanner fetches the code by itself: these are findings in this code only if it is still the same.
            guard let after = try await steps.describe(function, access, context(until: budget.store)) else {
                throw FunctionGone()
            }
            guard ScannedCode(after) == claim.code else { throw PackageError.otherCode }
            var finished = FinishedScan(
                function: function,
                description: description,
                code: claim.code,
                report: report,
                timestamp: clock.now()
            )
            for note in finished.report.notes { log.notice("A note on the scan", metadata: ["note": "\(note)"]) }

            let context = context(until: budget.store)
            finished.results = try await steps.store?(finished, context)
            try await steps.publish?(finished, context)
            try await steps.tag?(function, access, ScanTags.finished(finished), context)
            return finished
        }

        /// The package check and QScanner side by side; when one fails the other is stopped.
        private func examine(_ description: FunctionDescription, _ scratch: ScanScratch) async throws -> ScanReport {
            let context = context(until: budget.scan)
            return try await withThrowingTaskGroup(of: ScanReport?.self) { [steps, function, access] group in
                group.addTask {
                    try await steps.checkPackage(description, context)
                    return nil
                }
                group.addTask { try await steps.runScanner(function, access, scratch, context) }
                var report: ScanReport?
                for try await result in group { report = result ?? report }
                guard let report else { throw CancellationError() }
                return report
            }
        }

        /// Writes the row. Without a claim the table did not answer before: then the scan counts without a row, else the
        /// row is a part of it.
        private func record(
            _ finished: FinishedScan,
            _ claim: ScanClaim,
            _ context: CallContext
        ) async throws {
            guard let record = steps.record else { return }
            do {
                try await record(claim, finished, context)
            } catch {
                if claim.isHeld { throw error }
                log.error("The scan could not be remembered: the next event scans again", error: error)
            }
        }

        /// Nothing in here hides the error that led here.
        ///
        /// - Parameter isTold: Only the row is missing. The tags are true then and stay: the row may have been written
        ///   although no answer came, and nobody would correct them after that.
        private func tellFailure(
            _ error: any Error,
            _ held: ScanClaim?,
            isTold: Bool,
            _ context: CallContext
        ) async {
            if let error = error as? QScannerError {
                log.warning("QScanner failed", error: error, metadata: ["output": "\(error.excerpt)"])
            }
            await steps.forgetSecret()
            if await freeRow(held, context), !isTold {
                await attempt("tag the function as failed") {
                    try await steps.tag?(function, access, ScanTags.failed(at: clock.now()), context)
                }
            }
            steps.emit(ScanMetrics.failed, log)
        }

        /// Leaves the row so that the retry scans, and returns whether the tags are ours to set: not when somebody else has
        /// taken the claim over, for theirs is the newer scan, nor when an earlier scan may still answer the retry, which
        /// would leave the tag `failed` on a good function.
        private func freeRow(_ held: ScanClaim?, _ context: CallContext) async -> Bool {
            guard let held else {
                var isFree = false
                await attempt("make an earlier scan count no more: the tags stay") {
                    if steps.tag != nil { isFree = try await steps.distrust?(function, owner, context) ?? true }
                }
                return isFree
            }
            var isNewest = true
            await attempt("give the claim back") { isNewest = try await steps.giveBack?(held, context) ?? true }
            return isNewest
        }

        private func attempt(_ what: String, _ work: () async throws -> Void) async {
            do {
                try await work()
            } catch {
                log.warning("Could not \(what)", error: error)
            }
        }

        private func cached(_ claim: ScanClaim, _ results: String?) -> ScanAnswer {
            steps.emit(ScanMetrics.cached, log)
            log.info("Answered from the cache")
            var answer = ScanAnswer(status: .cached, function: function, codeSHA256: claim.code.codeSHA256)
            answer.results = results
            return answer
        }

        private func gone() -> ScanAnswer {
            log.info("Skipped", metadata: ["reason": "The function is gone."])
            return ScanAnswer(status: .skipped, function: function, reason: "The function is gone.")
        }

        private func inProgress(_ claim: ScanClaim, _ owner: String?, _ expires: Timestamp?) -> ScanAnswer {
            log.info(
                "Another invocation is scanning this code",
                metadata: ["owner": "\(owner ?? "unknown")", "until": "\(expires?.iso8601 ?? "unknown")"]
            )
            return ScanAnswer(
                status: .inProgress,
                function: function,
                reason: "Another invocation is scanning this code.",
                codeSHA256: claim.code.codeSHA256
            )
        }

        private func context(until deadline: Deadline) -> CallContext {
            CallContext(deadline: deadline, log: log)
        }

        private func summary(of finished: FinishedScan) -> Logger.Metadata {
            var summary: Logger.Metadata = [
                "status": "\(finished.status)",
                "seconds": .stringConvertible(finished.report.duration.inSeconds),
            ]
            if let results = finished.results { summary["results"] = "\(results)" }
            if let severities = finished.report.severities {
                summary["vulnerabilities"] = .stringConvertible(severities.total)
            }
            return summary
        }
    }
}

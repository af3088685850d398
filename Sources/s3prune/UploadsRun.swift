import Console
import Invocation
import PolicyFile
import Pruning
import S3

/// What `s3prune uploads` does with its policies: list and report each, then abort where it may.
struct UploadsRun {
    let command: UploadsCommand
    let interruption: Interruption
    let isOneOfSeveral: Bool
    let environment: [String: String]

    /// A bucket with uploads that may be aborted.
    private struct Pending {
        var session: BucketSession
        var expired: [IncompleteUpload]
        var report: any UploadReport
    }

    /// Aborts only where every listing was read to its end.
    func perform(_ policies: [LoadedPolicy]) throws -> Console.ExitCode {
        let writer = ByteWriter.standardOutput()
        let (code, pending) = try beforeAbortion { try listAll(policies, writer) }
        guard let pending else { return code }
        return code.merged(with: try abort(pending, hasRefusal: code == .refused, output: writer))
    }

    /// Where aborting follows, a report that cannot be written forbids it.
    private func beforeAbortion<Result>(_ body: () throws -> Result) throws -> Result {
        try command.abort ? beforeDeletion("aborted", body) : body()
    }

    /// Lists and reports every policy; gives what may be aborted, nothing where a listing failed.
    private func listAll(
        _ policies: [LoadedPolicy], _ writer: ByteWriter
    ) throws -> (Console.ExitCode, [Pending]?) {
        var code = Console.ExitCode.done
        var pending: [Pending] = []
        var failures = 0
        for policy in policies {
            do {
                let (ended, found) = try list(policy, writer)
                code = code.merged(with: ended)
                if let found { pending.append(found) }
            } catch {
                if let ended = interruption.exitCode {
                    throw Failure(ended, "interrupted; nothing was aborted")
                }
                guard isOneOfSeveral else { throw error }
                failures += 1
                let failure = Failure(
                    command.abort ? refusedBeforeDeletion(error, "aborted") : error,
                    of: S3Prune.self)
                diagnostics.error(
                    "\(PrintableText.escape(policy.policy.path)): \(failure.message)",
                    hint: failure.hint)
                code = code.merged(with: failure.code)
            }
        }
        try writer.finish()
        guard command.abort else { return (code, nil) }
        guard failures == 0 else {
            diagnostics.error("a listing failed, so nothing was aborted in the whole run")
            return (code, nil)
        }
        return (code, pending)
    }

    private func list(
        _ policy: LoadedPolicy, _ writer: ByteWriter
    ) throws -> (Console.ExitCode, Pending?) {
        let session = try BucketSession(
            policy, command.connection, interruption: interruption, environment: environment)
        var refusal: Failure?
        let survey = try UploadSurvey(of: policy.policy, client: session.client) { date, local in
            let server = ServerTime(date, local: local ?? SystemClock.now())
            refusal = server.refusal
            let header = policy.header(
                endpoint: session.client.endpoint.description, now: server.instant,
                isOffline: false)
            return (header, server.problem)
        }
        let report = report(policy, writer)
        try report.write(survey)
        try writer.flush()
        guard command.abort, !survey.expired.isEmpty else {
            return (refusal == nil ? .done : .problems, nil)
        }
        if let refusal {
            diagnostics.error(
                "\(policy.policy.bucket): \(refusal.message); nothing is aborted there",
                hint: refusal.hint)
            return (refusal.code, nil)
        }
        return (.done, Pending(session: session, expired: survey.expired, report: report))
    }

    /// Asks once, then aborts in one bucket after the other.
    private func abort(
        _ pending: [Pending], hasRefusal: Bool, output writer: ByteWriter
    ) throws -> Console.ExitCode {
        guard !pending.isEmpty else { return .done }
        guard
            Consent.isGiven(yes: command.yes, to: question(pending), unless: interruption)
        else {
            if let ended = interruption.exitCode {
                throw Failure(ended, "interrupted; nothing was aborted")
            }
            throw Failure(.refused, "not confirmed; nothing was aborted")
        }
        let stop = interruption.stop
        var code = Console.ExitCode.done
        var aborted = 0
        var isReportLost = false
        for bucket in pending {
            let policy = bucket.session.policy
            if isReportLost {
                diagnostics.error("\(policy.place): not tried: the report cannot be written")
                continue
            }
            let abortion = UploadAbortion(
                of: bucket.expired, inBucket: policy.policy.bucket, prefix: policy.policy.prefix,
                client: bucket.session.patientClient, isStopped: { stop.isCancelled })
            aborted += abortion.aborted
            code = code.merged(with: self.code(of: abortion, policy))
            do {
                try bucket.report.write(abortion)
                try writer.flush()
            } catch {
                isReportLost = true
                let failure = Failure(error, of: S3Prune.self)
                diagnostics.error(
                    "\(policy.place): the report is lost: \(failure.message); "
                        + "aborted \(abortion.sentence)", hint: failure.hint)
                code = code.merged(with: .failed)
            }
        }
        if code == .unknown { return code }
        // "Refused" and the like say that nothing was aborted.
        return aborted > 0 && (hasRefusal || code != .done) ? .partial : code
    }

    private func report(_ policy: LoadedPolicy, _ writer: ByteWriter) -> any UploadReport {
        switch command.format {
        case .text:
            UploadTextReport(
                output: writer, isAborting: command.abort,
                nextStep: NextStep(
                    "abort what has expired by then:",
                    ["s3prune", "uploads", "--abort", "--policy", policy.policy.path]
                        + command.connection.repeatedWords))
        case .json: UploadJSONReport(output: writer)
        }
    }

    private func question(_ pending: [Pending]) -> String {
        let count = pending.reduce(0) { $0 + $1.expired.count }
        let buckets = pending.map(\.session.policy.policy.bucket).joined(separator: ", ")
        return "abort \(Quantity.count(count, "incomplete upload")) of \(buckets) for ever?"
    }

    private func code(
        of abortion: UploadAbortion, _ policy: LoadedPolicy
    ) -> Console.ExitCode {
        if let error = abortion.relistingError, interruption.exitCode == nil {
            let failure = Failure(error, of: S3Prune.self)
            diagnostics.warning(
                "\(policy.policy.bucket): the uploads could not be listed again: "
                    + failure.message, hint: failure.hint)
        }
        if abortion.aborted == abortion.outcomes.count { return .done }
        let sentence = "\(policy.place): aborted \(abortion.sentence)"
        if abortion.unknown == 0, let ended = interruption.exitCode {
            diagnostics.error("\(sentence): interrupted")
            return abortion.aborted > 0 ? .partial : ended
        }
        let cause = abortion.firstError.map { Failure($0, of: S3Prune.self) }
        diagnostics.error(
            cause.map { "\(sentence): \($0.message)" } ?? sentence,
            hint: cause?.hint ?? "run it again")
        if abortion.unknown > 0 { return .unknown }
        return abortion.aborted > 0 ? .partial : cause?.code ?? .failed
    }
}

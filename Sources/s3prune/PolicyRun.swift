import CivilTime
import Console
import Invocation
import PolicyFile
import Pruning

/// What `s3prune run` does with its policies: plan and print each, then delete where it may.
struct PolicyRun {
    let command: RunCommand
    let now: Timestamp?
    let interruption: Interruption
    let isOneOfSeveral: Bool
    let environment: [String: String]

    /// Prints the plan of each policy. One that fails does not keep the others from being printed.
    func report(_ policies: [LoadedPolicy]) throws -> Console.ExitCode {
        let writer = try command.output.writer()
        var code = Console.ExitCode.done
        for policy in policies {
            code = code.merged(
                with: try attempt(policy) { self.code(of: try plan(policy, to: writer, [])) })
        }
        try writer.finish()
        return code
    }

    /// Plans every policy, and deletes only where every listing was read to its end.
    func apply(_ policies: [LoadedPolicy]) throws -> Console.ExitCode {
        let locks = try RunLocks(policies, environment: environment)
        let (code, plans) = try beforeDeletion { try planAll(policies, locks) }
        guard let plans else { return code }
        let removal = Removal(
            application: command.application, output: command.output, interruption: interruption)
        let writer = try beforeDeletion { try command.output.writerAfterReport() }
        return code.merged(with: try removal.run(plans, report: writer))
    }

    /// Prints the plan of every policy; no plans where a listing failed.
    private func planAll(
        _ policies: [LoadedPolicy], _ locks: RunLocks
    ) throws -> (Console.ExitCode, [PlannedBucket]?) {
        let writer = try command.output.writer()
        var code = Console.ExitCode.done
        var plans: [PlannedBucket] = []
        var failures = 0
        for policy in policies {
            let ended = try attempt(policy) {
                let spool = try DeletionSpool()
                let session = try session(policy)
                try session.requireVersions(toDelete: true)
                let summary = try plan(policy, over: session, to: writer, [spool])
                if let unexpected = BucketSession.unexpected(
                    summary.totals.delete, expected: command.expectDeletes)
                {
                    session.refuse(unexpected)
                }
                if let lock = locks[policy.policy.bucket] {
                    plans.append(PlannedBucket(session: session, spool: spool, lock: lock))
                }
                return self.code(of: summary)
            } failed: {
                failures += 1
            }
            code = code.merged(with: ended)
        }
        try writer.finish()
        guard failures == 0 else {
            diagnostics.error("a plan could not be made, so nothing was deleted in the whole run")
            return (code, nil)
        }
        return (code, plans)
    }

    /// Does the work for one policy; says why it failed, and goes on where there are others.
    private func attempt(
        _ policy: LoadedPolicy, _ body: () throws -> Console.ExitCode,
        failed: () -> Void = {}
    ) throws -> Console.ExitCode {
        do {
            return try body()
        } catch {
            if let code = interruption.exitCode {
                throw Failure(code, "interrupted; nothing was deleted")
            }
            guard isOneOfSeveral else { throw error }
            failed()
            let failure = Failure(
                command.apply ? refusedBeforeDeletion(error) : error, of: S3Prune.self)
            diagnostics.error(
                "\(PrintableText.escape(policy.policy.path)): \(failure.message)",
                hint: failure.hint)
            return failure.code
        }
    }

    private func session(_ policy: LoadedPolicy) throws -> BucketSession {
        try BucketSession(
            policy, command.connection, interruption: interruption, environment: environment)
    }

    private func plan(
        _ policy: LoadedPolicy, to writer: ByteWriter, _ sinks: [any PlanSink]
    ) throws -> PlanSummary {
        guard command.listing.isEmpty else {
            return try planned(policy, to: writer, sinks) { run in
                var source = try OfflineListing(
                    paths: command.listing, bucket: policy.policy.bucket,
                    prefix: policy.policy.prefix, now: now!)
                return try run.plan(&source) { _ in
                    policy.header(endpoint: nil, now: now!, isOffline: true)
                }
            }
        }
        let session = try session(policy)
        try session.requireVersions(toDelete: false)
        return try plan(policy, over: session, to: writer, sinks)
    }

    private func plan(
        _ policy: LoadedPolicy, over session: BucketSession, to writer: ByteWriter,
        _ sinks: [any PlanSink]
    ) throws -> PlanSummary {
        let lockRequests = command.checkLocks ? command.application.concurrency : nil
        return try planned(policy, to: writer, sinks) {
            try session.plan($0, now: now, lockRequests: lockRequests)
        }
    }

    private func planned(
        _ policy: LoadedPolicy, to writer: ByteWriter, _ sinks: [any PlanSink],
        _ make: (PruneRun) throws -> PlanSummary
    ) throws -> PlanSummary {
        let report = command.output.sink(
            writer, isApplied: command.apply, nextSteps: nextSteps(policy))
        var sinks = sinks + [report]
        let planFile = try command.planOut.map {
            try ByteWriter.file(isOneOfSeveral ? Self.planPath($0, policy) : $0)
        }
        if let planFile { sinks.append(JSONReport(output: planFile)) }
        let progress = ListingProgress(
            isQuiet: command.output.quiet, bucket: policy.policy.bucket)
        let summary = try make(
            PruneRun(
                policy: policy.policy, sinks: sinks, expectedDeletes: command.expectDeletes,
                progress: progress.show))
        progress.clear()
        try planFile?.finish()
        return summary
    }

    /// The commands that lead on from a report: each version with its id, and the deletion.
    private func nextSteps(_ policy: LoadedPolicy) -> [NextStep] {
        // What came through a pipe is gone.
        guard !command.apply, !command.listing.contains("-") else { return [] }
        var words = ["--policy", policy.policy.path]
        for path in command.listing { words += ["--listing", path] }
        if let now = command.now { words += ["--now", now] }
        if command.checkLocks { words.append("--check-locks") }
        words += command.connection.repeatedWords
        let expected = command.expectDeletes.map { ["--expect-deletes", "\($0)"] } ?? []
        var steps: [NextStep] = []
        if !command.output.verbose {
            steps.append(
                NextStep(
                    "each version that would go, with its id:",
                    ["s3prune", "--dry-run", "--verbose"] + words))
        }
        if command.listing.isEmpty, now == nil {
            steps.append(
                NextStep(
                    "delete what is expired by then:", ["s3prune", "--apply"] + words + expected,
                    isDeletion: true))
        }
        return steps
    }

    /// The file in a directory that the plan of one of several policies goes to.
    static func planPath(_ folder: String, _ policy: LoadedPolicy) -> String {
        let name = policy.policy.path.split(separator: "/").last.map(String.init) ?? "policy"
        return folder + "/" + name + ".plan.jsonl"
    }

    private func code(of summary: PlanSummary) -> Console.ExitCode {
        var code = Console.ExitCode.done
        if command.exitCodeOfPending, summary.totals.delete > 0, !command.apply {
            code = code.merged(with: .pending)
        }
        if summary.problems > 0 { code = code.merged(with: .problems) }
        return code
    }
}

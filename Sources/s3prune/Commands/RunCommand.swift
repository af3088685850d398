import ArgumentParser
import CivilTime
import Console
import Foundation
import PolicyFile
import Pruning
import S3

/// `s3prune [run]`: list, decide, report.
struct RunCommand: S3PruneCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Report what would be deleted and why (the default).",
        discussion: """
            Reads every version of the policy's bucket, or of a saved listing, applies the rules \
            and prints the plan. Nothing is deleted.

            The verdict is the first line; problems and what to do about them follow. Exit \
            code 6 says that there are problems.
            """)

    @OptionGroup var policies: PolicyOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Connection") var connection: ConnectionOptions

    @Flag(name: .customLong("dry-run"), help: "Delete nothing (the default).")
    var dryRun = false

    @Option(
        help: ArgumentHelp(
            "Plan from a saved listing, without network and credentials; needs --now.",
            discussion: """
                A file, a directory (its files in name order) or - for standard input; may be \
                given several times. ListVersionsResult XML pages.
                """,
            valueName: "path"))
    var listing: [String] = []

    @Option(
        help: ArgumentHelp(
            "The instant that ages count from, as 2026-11-23T03:00:00Z (default: the server's clock).",
            valueName: "time"))
    var now: String?

    @Option(
        name: .customLong("plan-out"),
        help: ArgumentHelp(
            "Write the plan to this file (JSON Lines); with several policies to this directory.",
            valueName: "file"))
    var planOut: String?

    @Option(
        name: .customLong("expect-deletes"),
        help: ArgumentHelp(
            "Let a plan with exactly this number of deletions pass all limits.",
            valueName: "n"))
    var expectDeletes: Int?

    @Flag(name: .customLong("exit-code"), help: "Exit 2 where deletions are pending.")
    var exitCodeOfPending = false

    func validate() throws {
        if !listing.isEmpty, now == nil {
            throw ValidationError("--listing needs --now: a saved listing has no clock")
        }
        if policies.files.count > 1, !listing.isEmpty || expectDeletes != nil {
            let option = listing.isEmpty ? "--expect-deletes" : "--listing"
            throw ValidationError("\(option) goes with one policy only")
        }
        if let expectDeletes, expectDeletes < 0 {
            throw ValidationError("--expect-deletes is a number of deletions, 0 or more")
        }
    }

    func perform() throws -> Console.ExitCode {
        let environment = ProcessInfo.processInfo.environment
        let instant = try now.map(Self.instant)
        let loaded = try LoadedPolicy.load(policies.paths(environment: environment))
        if loaded.count > 1, !listing.isEmpty || expectDeletes != nil {
            throw Failure(.usage, "--listing and --expect-deletes go with one policy only")
        }
        let writer = try output.writer()
        var code = Console.ExitCode.done
        for policy in loaded {
            do {
                code = code.merged(with: try run(policy, to: writer, at: instant, environment))
            } catch {
                guard loaded.count > 1 else { throw error }
                let failure = Failure(error)
                diagnostics.error(
                    "\(PrintableText.escape(policy.policy.path)): \(failure.message)",
                    hint: failure.hint)
                code = code.merged(with: failure.code)
            }
        }
        try writer.finish()
        return code
    }

    private func run(
        _ policy: LoadedPolicy, to writer: ByteWriter, at instant: Timestamp?,
        _ environment: [String: String]
    ) throws -> Console.ExitCode {
        let report = output.sink(writer, nextCommand: nextCommand(policy))
        var sinks: [any PlanSink] = [report]
        let planFile = try planOut.map { try ByteWriter.file(planPath($0, policy)) }
        if let planFile { sinks.append(JSONReport(output: planFile)) }
        let progress = ListingProgress(isQuiet: output.quiet, bucket: policy.policy.bucket)
        let run = PruneRun(
            policy: policy.policy, sinks: sinks, expectedDeletes: expectDeletes,
            progress: progress.show)
        let summary: PlanSummary
        if listing.isEmpty {
            summary = try NetworkPlan(
                policy: policy, connection: connection, now: instant, environment: environment
            ).make(run)
        } else {
            summary = try offlinePlan(policy, run, at: instant!)
        }
        progress.clear()
        try planFile?.finish()
        return code(of: summary)
    }

    /// The command that shows each version that expires, for the end of a brief report.
    private func nextCommand(_ policy: LoadedPolicy) -> String? {
        guard !output.verbose else { return nil }
        var words = ["s3prune", "--dry-run", "--verbose", "--policy", policy.policy.path]
        for path in listing where path != "-" { words += ["--listing", path] }
        if let now { words += ["--now", now] }
        if let url = connection.endpointURL { words += ["--endpoint-url", url] }
        if let profile = connection.profile { words += ["--profile", profile] }
        return words.map { PrintableText.escape(CommandText.quoted($0)) }.joined(separator: " ")
    }

    private func offlinePlan(
        _ policy: LoadedPolicy, _ run: PruneRun, at instant: Timestamp
    ) throws -> PlanSummary {
        var source = try OfflineListing(
            paths: listing, bucket: policy.policy.bucket, prefix: policy.policy.prefix)
        return try run.plan(&source) { _ in
            policy.header(endpoint: nil, now: instant, isOffline: true)
        }
    }

    private func planPath(_ path: String, _ policy: LoadedPolicy) -> String {
        guard policies.files.count > 1 else { return path }
        let name = policy.policy.path.split(separator: "/").last.map(String.init) ?? "policy"
        return path + "/" + name + ".plan.jsonl"
    }

    private func code(of summary: PlanSummary) -> Console.ExitCode {
        var code = Console.ExitCode.done
        if exitCodeOfPending, summary.totals.delete > 0 { code = code.merged(with: .pending) }
        if summary.problems > 0 { code = code.merged(with: .problems) }
        return code
    }

    private static func instant(_ text: String) throws -> Timestamp {
        guard let instant = Timestamp(rfc3339: text) else {
            throw Failure(
                .usage, "--now is not a time: \(PrintableText.escape(text))",
                hint: "write it as 2026-11-23T03:00:00Z or 2026-11-23T04:00:00+01:00")
        }
        return instant
    }
}

/// Shows how a listing goes on.
private struct ListingProgress {
    private let line: ProgressLine
    private let bucket: String

    init(isQuiet: Bool, bucket: String) {
        line = ProgressLine(isQuiet: isQuiet)
        self.bucket = bucket
    }

    func show(_ done: PruneRun.Progress) {
        line.show { seconds in
            let rate = seconds > 0 ? Int(Double(done.versions) / seconds) : 0
            return "\(bucket): \(Quantity.count(done.versions, "version")) of "
                + "\(Quantity.count(done.keys, "key")), \(Quantity.count(done.pages, "page")), "
                + "\(Quantity.grouped(rate))/s"
        }
    }

    func clear() { line.clear() }
}

import ArgumentParser
import CivilTime
import Console
import Foundation
import Invocation
import PolicyFile
import Pruning
import S3

/// `s3prune [run]`: list, decide, report, and delete with `--apply`.
struct RunCommand: ExitingCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Report what expires and why; delete it with --apply (the default command).",
        discussion: """
            Reads every version of the policy's bucket, or of a saved listing, applies the rules \
            and prints the plan. Without --apply nothing is deleted.

            The verdict is the first line; problems and what to do about them follow. Exit \
            code 6 says that there are problems.
            """)

    @OptionGroup var policies: PolicyOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Deletion") var application: ApplyOptions
    @OptionGroup(title: "Connection") var connection: ConnectionOptions

    @Flag(name: .customLong("dry-run"), help: "Delete nothing (the default).")
    var dryRun = false

    @Flag(help: "Delete what the plan names, once the whole listing was read.")
    var apply = false

    @Option(
        help: ArgumentHelp(
            "Plan from a saved listing, without network and credentials; needs --now.",
            discussion: """
                A file, a directory (its files in name order) or - for standard input; may be \
                given several times. ListVersionsResult XML pages, the JSON of 'aws s3api \
                list-object-versions', or an S3 Inventory in CSV: its manifest.json, which finds \
                its files beside it or in data/. Packed with gzip or not. What is not in order \
                is sorted in $TMPDIR, about 130 bytes a version. JSON names its bucket with \
                --no-paginate only.
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

    @Flag(
        name: .customLong("check-locks"),
        help: ArgumentHelp(
            "Ask which versions are under Object Lock before they are let go.",
            discussion: """
                Two requests for each version that would go, none where the bucket has no Object \
                Lock. Without it the server refuses what is locked when it is deleted.
                """))
    var checkLocks = false

    @Flag(name: .customLong("exit-code"), help: "Exit 2 where deletions are pending.")
    var exitCodeOfPending = false

    func validate() throws {
        if apply, dryRun { throw ValidationError("--apply and --dry-run exclude each other") }
        if apply, !listing.isEmpty {
            throw ValidationError("--apply reads the bucket itself, not a saved listing")
        }
        if apply, now != nil {
            throw ValidationError("--apply counts ages from the server's clock, not from --now")
        }
        if checkLocks, !listing.isEmpty {
            throw ValidationError("--check-locks asks the bucket itself, not a saved listing")
        }
        if !listing.isEmpty, now == nil {
            throw ValidationError("--listing needs --now: a saved listing has no clock")
        }
        if policies.files.count > 1, !listing.isEmpty || expectDeletes != nil {
            let option = listing.isEmpty ? "--expect-deletes" : "--listing"
            throw ValidationError("\(option) goes with one policy only")
        }
        if planOut == "-" {
            throw ValidationError(
                "--plan-out names a file; --format json prints the plan to standard output")
        }
        if let planOut, planOut == output.output {
            throw ValidationError("--output and --plan-out are the same file")
        }
        if let expectDeletes, expectDeletes < 0 {
            throw ValidationError("--expect-deletes is a number of deletions, 0 or more")
        }
    }

    func perform() throws -> Console.ExitCode {
        output.begin()
        if apply { try application.requireConsent() }
        let environment = ProcessSafety.environment
        let instant = try now.map(Self.instant)
        let loaded = try LoadedPolicy.load(
            policies.paths(environment: environment), toDelete: apply)
        if loaded.count > 1, !listing.isEmpty || expectDeletes != nil {
            throw Failure(.usage, "--listing and --expect-deletes go with one policy only")
        }
        if let planOut, loaded.count > 1 { try Self.requireNames(loaded, in: planOut) }
        let run = PolicyRun(
            command: self, now: instant, interruption: try Interruption(),
            isOneOfSeveral: loaded.count > 1, environment: environment)
        return try apply ? run.apply(loaded) : run.report(loaded)
    }

    /// Refuses policies whose plans would be one file.
    private static func requireNames(_ policies: [LoadedPolicy], in folder: String) throws {
        let paths = Dictionary(grouping: policies) { PolicyRun.planPath(folder, $0) }
        guard let path = paths.filter({ $0.value.count > 1 }).keys.min() else { return }
        let names = (paths[path] ?? []).map { PrintableText.escape($0.policy.path) }
        throw Failure(
            .usage,
            "the plans of \(names.joined(separator: " and ")) would be one file, "
                + PrintableText.escape(path),
            hint: "rename one of the policy files, or run them one by one")
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

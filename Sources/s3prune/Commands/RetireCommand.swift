import ArgumentParser
import CivilTime
import Console
import Foundation
import Invocation
import PolicyFile
import Pruning
import S3

/// `s3prune retire s3://B/KEY`: the one way to remove a decommissioned key's last versions.
struct RetireCommand: ExitingCommand {
    static let configuration = CommandConfiguration(
        commandName: "retire",
        abstract: "Remove every version of a key that nobody writes to any more.",
        discussion: """
            The rules of a policy never delete the last versions of a key. When a server is \
            gone for good, this does, for one key at a time: shown first, and with --apply \
            deleted, noncurrent versions first and the current one last.

            It is refused while the newest version is younger than 30 days, where a version is \
            dated in the future or pinned, where the rule says 'keep: all', and where no rule \
            takes the key. On a terminal the exact key is asked for; without one --confirm \
            KEY must repeat it.
            """)

    @Argument(help: ArgumentHelp("The key.", valueName: "s3://bucket/key"))
    var object: String

    @OptionGroup var policies: PolicyOptions

    @Flag(help: "Delete every version of the key.")
    var apply = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The key once more, byte for byte.", valueName: "key"))
    var confirm: String?

    @Option(
        name: .customLong("older-than"),
        help: ArgumentHelp(
            "How old the newest version must be at least; the rule's min-age counts too.",
            valueName: "duration"))
    var olderThan = "30d"

    @Option(help: "The form of the report: text for people, json for programs (JSON Lines).")
    var format = TextOrJSON.text

    @OptionGroup var quietness: QuietOption
    @OptionGroup(title: "Deletion") var sending: SendingOptions
    @OptionGroup(title: "Connection") var connection: ConnectionOptions

    func perform() throws -> Console.ExitCode {
        quietness.begin()
        let location = try S3Location(key: object)
        guard let age = CalendarDuration(text: olderThan) else {
            throw Failure(
                .usage, "--older-than is not a duration: \(PrintableText.escape(olderThan))",
                hint: "write it as 30d or 6mo")
        }
        try requireConsent(location)
        let environment = ProcessSafety.environment
        let policy = try ExplainCommand.policy(
            for: location,
            among: LoadedPolicy.load(
                policies.paths(environment: environment), toDelete: apply))
        let interruption = try Interruption()
        do {
            let locks = try apply ? RunLocks([policy], environment: environment) : nil
            let session = try BucketSession(
                policy, connection, interruption: interruption, environment: environment)
            let code = try retire(location, age, session, interruption)
            return withExtendedLifetime(locks) { code }
        } catch let error where interruption.exitCode != nil && !(error is Failure) {
            throw Failure(
                interruption.exitCode ?? .interrupted, "interrupted; nothing was deleted")
        }
    }

    /// Refuses early where nobody could be asked later.
    private func requireConsent(_ location: S3Location) throws {
        if let confirm, Array(confirm.utf8) != location.key {
            throw Failure(
                .usage, "--confirm does not repeat the key \(PrintableText.escape(location.key))")
        }
        guard apply, confirm == nil, !Consent.isTerminal else { return }
        throw Failure(
            .usage, "retiring a key needs --confirm KEY where there is no terminal to ask on",
            hint: "look at the report without --apply first")
    }

    private func retire(
        _ location: S3Location, _ age: CalendarDuration, _ session: BucketSession,
        _ interruption: Interruption
    ) throws -> Console.ExitCode {
        try session.requireVersions(toDelete: apply)
        let writer = ByteWriter.standardOutput()
        let policy = session.policy.policy
        let retirement = KeyRetirement(
            policy: policy, age: age,
            report: format == .text
                ? ExplanationText(policy: policy, output: writer)
                : ExplanationJSON(policy: policy, output: writer))
        let clock = try reported {
            let clock = try list(location, session, retirement)
            try writer.flush()
            return clock
        }
        let name = location.printable
        if let clock { throw clock }
        if let refusal = retirement.refusal {
            throw Failure(
                .refused, "\(name): \(refusal.message); nothing was deleted", hint: refusal.hint)
        }
        let count = retirement.noncurrent.count + retirement.current.count
        let size = Quantity.bytes(retirement.noncurrent.size + retirement.current.size)
        let all = "all \(Quantity.count(count, "version")) (\(size)) of \(name)"
        guard apply else {
            diagnostics.note("--apply would delete \(all)")
            return .done
        }
        if confirm == nil {
            let question = "delete \(all) for ever, the current one too? type the key: "
            let answer = Consent.answer(to: question, unless: interruption)
            guard answer.map({ Array($0.utf8) }) == location.key else {
                if let ended = interruption.exitCode {
                    throw Failure(ended, "interrupted; nothing was deleted")
                }
                throw Failure(.refused, "not confirmed; nothing was deleted")
            }
        }
        // In a bucket suspended since, the id of the null version may mean another upload.
        try session.requireVersions(toDelete: true)
        return try delete(retirement, session, writer, interruption)
    }

    /// Where a deletion follows, a report that cannot be written forbids it.
    private func reported<Result>(_ body: () throws -> Result) throws -> Result {
        try apply ? beforeDeletion("deleted", body) : body()
    }

    /// Lists the key; gives why the clocks forbid a deletion.
    private func list(
        _ location: S3Location, _ session: BucketSession, _ retirement: KeyRetirement
    ) throws -> Failure? {
        let explanation = KeyExplanation(policy: session.policy.policy, key: location.key)
        var lister = VersionLister(
            client: session.client, bucket: location.bucket, prefix: explanation.listedPrefix)
        var clock: ServerTime?
        let outcome = try explanation.ofBucket(&lister, sink: retirement) { page in
            let server = ServerTime(page?.date)
            clock = server
            return session.policy.header(
                endpoint: session.client.endpoint.description, now: server.instant,
                isOffline: false)
        } problems: {
            clock?.problem.map { [$0] } ?? []
        }
        guard case .explained = outcome else {
            throw ExplainCommand.notFound(location, outcome)
        }
        return clock?.refusal
    }

    /// Deletes what is not current, and what is current when nothing else is left.
    private func delete(
        _ retirement: KeyRetirement, _ session: BucketSession, _ writer: ByteWriter,
        _ interruption: Interruption
    ) throws -> Console.ExitCode {
        let bucket = session.policy.policy.bucket
        let report: any DeletionReport =
            format == .text
            ? DeletionTextReport(output: writer, bucket: bucket, isVerbose: true)
            : DeletionJSONReport(output: writer, bucket: bucket)
        var options = Deleter.Options(sleep: { interruption.stop.wait(seconds: $0) })
        options.concurrency = sending.concurrency
        options.isStopped = { interruption.stop.isCancelled }
        let deleter = Deleter(client: session.patientClient, bucket: bucket, options: options)
        var lost: (any Error)?
        let take = { (remainder: Deleter.Remainder) in
            do { if lost == nil { try report.add(remainder) } } catch { lost = error }
        }
        var result = deleter.run(retirement.noncurrent, remaining: take)
        if result.exitCode == .done {
            result.add(deleter.run(retirement.current, remaining: take))
        } else {
            result.planned += retirement.current.count
        }
        do { if lost == nil { try report.end(result) } } catch { lost = error }
        if result.deleted < result.planned {
            let why = result.stop.map { $0.sentence + "; " } ?? ""
            diagnostics.error(
                "\(bucket): \(why)\(result.sentence)",
                hint: result.stop?.hint
                    ?? "the current version is deleted last, once no other is left")
        }
        let code =
            result.exitCode == .interrupted
            ? interruption.exitCode ?? .interrupted : result.exitCode
        guard let lost else { return code }
        let failure = Failure(lost, of: S3Prune.self)
        diagnostics.error(
            "\(bucket): the report is lost: \(failure.message); \(result.sentence)",
            hint: failure.hint)
        return code.merged(with: .failed)
    }
}

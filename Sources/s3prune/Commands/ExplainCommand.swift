import ArgumentParser
import CivilTime
import Console
import Foundation
import Invocation
import PolicyFile
import Pruning
import S3

/// The forms in which something small is printed.
enum TextOrJSON: String, ExpressibleByArgument, CaseIterable {
    case text, json
}

/// `s3prune explain s3://B/KEY`: each version of a key and what becomes of it.
struct ExplainCommand: ExitingCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say of each version of a key what keeps it and until when, or why it expires.",
        discussion: """
            Takes the policy whose bucket and prefix the key belongs to, says which of its rules \
            is responsible, and lists every version, newest first. Nothing is deleted. Only the \
            key's own versions are listed, however large the bucket is.

            The key is meant exactly as it is written, byte for byte.
            """)

    @Argument(help: ArgumentHelp("The key.", valueName: "s3://bucket/key"))
    var object: String

    @OptionGroup var policies: PolicyOptions

    @Option(help: "The form of the explanation: text for people, json for programs (JSON Lines).")
    var format = TextOrJSON.text

    @Option(
        help: ArgumentHelp(
            "Explain from a saved listing, without network and credentials; needs --now.",
            valueName: "path"))
    var listing: [String] = []

    @Option(
        help: ArgumentHelp(
            "The instant that ages count from, as 2026-11-23T03:00:00Z (default: the server's clock).",
            valueName: "time"))
    var now: String?

    @OptionGroup var quietness: QuietOption
    @OptionGroup(title: "Connection") var connection: ConnectionOptions

    func validate() throws {
        if !listing.isEmpty, now == nil {
            throw ValidationError("--listing needs --now: a saved listing has no clock")
        }
    }

    func perform() throws -> Console.ExitCode {
        quietness.begin()
        let environment = ProcessSafety.environment
        let location = try S3Location(key: object)
        let instant = try now.map(Self.instant)
        let policy = try Self.policy(
            for: location, among: LoadedPolicy.load(policies.paths(environment: environment)))
        let writer = ByteWriter.standardOutput()
        let sink: any PlanSink =
            switch format {
            case .text: ExplanationText(policy: policy.policy, output: writer)
            case .json: ExplanationJSON(policy: policy.policy, output: writer)
            }
        let explanation = KeyExplanation(policy: policy.policy, key: location.key)
        let outcome =
            listing.isEmpty
            ? try online(explanation, location, policy, instant, environment, sink)
            : try offline(explanation, policy, at: instant!, sink)
        guard case .explained(let summary) = outcome else {
            throw Self.notFound(location, outcome)
        }
        try writer.finish()
        return summary.problems > 0 ? .problems : .done
    }

    private func online(
        _ explanation: KeyExplanation, _ location: S3Location, _ policy: LoadedPolicy,
        _ now: Timestamp?, _ environment: [String: String], _ sink: any PlanSink
    ) throws -> KeyExplanation.Outcome {
        let configuration = try connection.configuration(
            policy: policy.connection, environment: environment)
        let client = try connection.client(
            configuration, cancellation: nil, diagnostics: diagnostics)
        var lister = VersionLister(
            client: client, bucket: location.bucket, prefix: explanation.listedPrefix)
        var clock: Problem?
        return try explanation.ofBucket(&lister, sink: sink) { page in
            let server = ServerTime(page?.date)
            clock = server.problem
            return policy.header(
                endpoint: client.endpoint.description, now: now ?? server.instant,
                isOffline: false)
        } problems: {
            clock.map { [$0] } ?? []
        }
    }

    private func offline(
        _ explanation: KeyExplanation, _ policy: LoadedPolicy, at instant: Timestamp,
        _ sink: any PlanSink
    ) throws -> KeyExplanation.Outcome {
        var source = try OfflineListing(
            paths: listing, bucket: policy.policy.bucket, prefix: policy.policy.prefix,
            now: instant)
        return try explanation.ofSavedListing(
            &source, sink: sink,
            header: policy.header(endpoint: nil, now: instant, isOffline: true))
    }

    /// The one policy that is responsible for a key.
    static func policy(
        for location: S3Location, among policies: [LoadedPolicy]
    ) throws -> LoadedPolicy {
        let responsible = policies.filter {
            $0.policy.bucket == location.bucket && location.key.starts(with: $0.policy.prefix)
        }
        if responsible.count == 1 { return responsible[0] }
        let all = (responsible.isEmpty ? policies : responsible).prefix(5)
        let names = all.map {
            let place = (try? S3Location(bucket: $0.policy.bucket, key: $0.policy.prefix).printable)
            return "\(PrintableText.escape($0.policy.path)) is about "
                + (place ?? PrintableText.escape($0.policy.bucket))
        }
        throw Failure(
            .configuration,
            responsible.isEmpty
                ? "no policy is responsible for \(location.printable)"
                : "several policies are responsible for \(location.printable)",
            hint: names.joined(separator: "\n") + "\nname one with --policy FILE")
    }

    /// What to print where a key has no versions.
    static func notFound(
        _ location: S3Location, _ outcome: KeyExplanation.Outcome
    ) -> Failure {
        var hint = "keys are exact, byte for byte"
        if case .notFound(longer: let key?) = outcome,
            let other = try? S3Location(bucket: location.bucket, key: key)
        {
            hint += "; the next one that begins so is \(other.printable)"
        }
        return Failure(.failed, "\(location.printable) has no versions", hint: hint)
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

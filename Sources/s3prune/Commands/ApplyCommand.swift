import ArgumentParser
import CivilTime
import Console
import Foundation
import Invocation
import PolicyFile
import Pruning
import S3

/// `s3prune apply PLAN`: delete exactly what a reviewed plan names.
struct ApplyCommand: ExitingCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Delete exactly a reviewed plan, as far as it is still expired.",
        discussion: """
            PLAN is a file that --plan-out wrote. The bucket is listed again, and a version is \
            deleted only if the plan names it and the rules still let it go. A plan that is too \
            old, of another bucket, endpoint or policy, or that was cut or changed is refused.
            """)

    @Argument(help: ArgumentHelp("The plan file.", valueName: "plan"))
    var plan: String

    @Option(
        help: ArgumentHelp("The policy file, where it has moved since.", valueName: "file"))
    var policy: String?

    @Option(
        name: .customLong("max-age"),
        help: ArgumentHelp("Refuse a plan older than this.", valueName: "duration"))
    var maxAge = "24h"

    @Option(
        name: .customLong("expect-deletes"),
        help: ArgumentHelp(
            "Apply a plan with exactly this number of deletions although it is over a limit.",
            valueName: "n"))
    var expectDeletes: Int?

    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Deletion") var application: ApplyOptions
    @OptionGroup(title: "Connection") var connection: ConnectionOptions

    func perform() throws -> Console.ExitCode {
        guard let maxAge = CalendarDuration(text: maxAge) else {
            throw Failure(
                .usage, "--max-age is not a duration: \(PrintableText.escape(maxAge))",
                hint: "write it as 24h or 2d")
        }
        output.begin()
        try application.requireConsent()
        let environment = ProcessSafety.environment
        let reviewed = try ReviewedPlan(path: plan)
        let loaded = try LoadedPolicy.load([policy ?? reviewed.policy], toDelete: true)[0]
        try requireSame(reviewed, loaded)
        let interruption = try Interruption()
        do {
            let locks = try RunLocks([loaded], environment: environment)
            let session = try BucketSession(
                loaded, connection, interruption: interruption, environment: environment)
            guard let lock = locks[reviewed.bucket] else { return .refused }
            let spool = try DeletionSpool(reviewed: reviewed)
            let (code, writer) = try beforeDeletion {
                (try list(reviewed, maxAge, session, spool), try output.writerAfterReport())
            }
            let removal = Removal(
                application: application, output: output, interruption: interruption)
            let planned = PlannedBucket(session: session, spool: spool, lock: lock)
            return code.merged(with: try removal.run([planned], report: writer))
        } catch let error where interruption.exitCode != nil && !(error is Failure) {
            throw Failure(
                interruption.exitCode ?? .interrupted, "interrupted; nothing was deleted")
        }
    }

    /// Lists the bucket again, says how much of the plan still holds.
    private func list(
        _ reviewed: ReviewedPlan, _ maxAge: CalendarDuration, _ session: BucketSession,
        _ spool: DeletionSpool
    ) throws -> Console.ExitCode {
        try session.requireVersions(toDelete: true)
        try requireEndpoint(reviewed, session.client.endpoint.description)
        let writer = try output.writer()
        let report = output.reviewedReport(writer, reviewed: reviewed, spool: spool)
        let age = PlanAge(reviewed: reviewed, path: plan, limit: maxAge)
        let progress = ListingProgress(isQuiet: output.quiet, bucket: reviewed.bucket)
        let run = PruneRun(
            policy: policyOfLimits(session, reviewed), sinks: [age, spool, report], applied: spool,
            progress: progress.show)
        let summary = try session.plan(run, now: nil)
        progress.clear()
        try writer.finish()
        if let refusal = refusal(reviewed) { session.refuse(refusal) }
        return summary.problems > 0 ? .problems : .done
    }

    /// The policy, without the limits of a run where the plan was let pass by its exact number of
    /// deletions, now or when it was made: what is still due of them is no more.
    private func policyOfLimits(_ session: BucketSession, _ reviewed: ReviewedPlan) -> Policy {
        var policy = session.policy.policy
        let count = reviewed.deletions.count
        if (expectDeletes ?? reviewed.expected) == count { policy.limits.removeThoseOfRun() }
        return policy
    }

    /// Why the plan as it was reviewed is not carried out.
    private func refusal(_ reviewed: ReviewedPlan) -> Failure? {
        let count = reviewed.deletions.count
        if let unexpected = BucketSession.unexpected(count, expected: expectDeletes) {
            return unexpected
        }
        guard let limit = reviewed.refused, expectDeletes == nil else { return nil }
        return Failure(
            .refused, "the plan is over a limit: \(PrintableText.escape(limit))",
            hint: "when its deletions are right, let exactly this plan pass with "
                + "--expect-deletes \(count)")
    }

    private func requireSame(_ reviewed: ReviewedPlan, _ loaded: LoadedPolicy) throws {
        let policy = loaded.policy
        let isSame =
            policy.bucket == reviewed.bucket && policy.prefix == Array(reviewed.prefix.utf8)
        guard isSame else {
            throw refusal("the plan is of another bucket than the policy \(policy.path)")
        }
        guard loaded.sha256 == reviewed.policySHA256 else {
            throw refusal("the policy \(policy.path) has changed since the plan was made")
        }
        guard reviewed.endpoint != nil else {
            throw refusal("the plan was made from a saved listing, not from the bucket")
        }
    }

    private func requireEndpoint(_ reviewed: ReviewedPlan, _ endpoint: String) throws {
        guard let planned = reviewed.endpoint, planned != endpoint else { return }
        throw refusal("the plan is of another endpoint: \(planned), and not \(endpoint)")
    }

    private func refusal(_ message: String) -> Failure {
        Failure(
            .refused, PrintableText.escape("\(plan): \(message)"),
            hint: "make the plan again with --plan-out and review it; nothing was deleted")
    }
}

/// Refuses a plan that is too old or from the future, by the server's clock.
private final class PlanAge: PlanSink {
    private let reviewed: ReviewedPlan
    private let path: String
    private let limit: CalendarDuration

    init(reviewed: ReviewedPlan, path: String, limit: CalendarDuration) {
        self.reviewed = reviewed
        self.path = path
        self.limit = limit
    }

    func begin(_ header: PlanHeader) throws {
        let oldest = limit.subtracted(from: header.now, in: header.calendar.zone)
        let name = PrintableText.escape(path)
        let hint = "make the plan again with --plan-out and review it; nothing was deleted"
        if reviewed.now < oldest {
            throw Failure(
                .refused, "\(name): the plan is of \(reviewed.now.rfc3339), too old by now",
                hint: hint + " (--max-age)")
        }
        if reviewed.now > header.now.advanced(bySeconds: ServerTime.tolerance) {
            throw Failure(
                .refused, "\(name): the plan is of \(reviewed.now.rfc3339), which is yet to come",
                hint: hint)
        }
    }

    func add(_ key: KeyPlan) throws {}
    func add(_ problem: Problem) throws {}
    func end(_ summary: PlanSummary) throws {}
}

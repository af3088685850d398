import CivilTime
import Console
import Invocation
import PolicyFile
import Pruning
import S3

/// The bucket of a policy, reached over the network.
final class BucketSession {
    let policy: LoadedPolicy
    /// Ends its requests at the first signal: for all that may be broken off.
    let client: Client
    /// Ends its requests at the second signal only, and repeats none after the first: for
    /// deletions, whose answers are waited for.
    let patientClient: Client
    /// Why nothing may be deleted in this bucket, as far as it is known.
    var refusal: Failure? { clockRefusal ?? limitRefusal }
    private var clockRefusal: Failure?
    private var limitRefusal: Failure?

    /// Settles how the bucket is reached; nothing is sent.
    init(
        _ policy: LoadedPolicy, _ connection: ConnectionOptions, interruption: Interruption,
        environment: [String: String]
    ) throws {
        self.policy = policy
        let configuration = try connection.configuration(
            policy: policy.connection, environment: environment)
        client = try connection.client(
            configuration, cancellation: interruption.stop, diagnostics: diagnostics)
        let stop = interruption.stop
        patientClient = client.another(cancellation: interruption.abandon) { options in
            options.endOfRetries = stop
            // Half a million deletions take what time the server gives them.
            options.retry.forgivesThrottling = configuration.maxAttempts == nil
        }
    }

    /// Refuses a bucket that does not keep versions, and to delete where a second factor is asked.
    func requireVersions(toDelete: Bool) throws {
        let bucket = policy.policy.bucket
        let versioning = try client.versioning(ofBucket: bucket)
        guard versioning.status == .enabled else {
            let state = versioning.status == .suspended ? "suspended" : "not enabled"
            throw Failure(
                .refused, "bucket \(bucket): versioning is \(state), so uploads replace each other",
                hint: "aws s3api put-bucket-versioning --bucket \(bucket) "
                    + "--versioning-configuration Status=Enabled")
        }
        guard versioning.needsMFA else { return }
        let message = "bucket \(bucket): MFA delete is on, so s3prune cannot delete versions"
        let hint = "only the account's root user can turn it off; Object Lock protects as well"
        if toDelete { throw Failure(.refused, message, hint: hint) }
        diagnostics.warning(message, hint: hint)
    }

    /// Lists the bucket and makes the plan; ages count from `now`, or from the server's clock.
    /// `lockRequests` asks for the locks of what would go, with so many requests at once.
    func plan(
        _ run: PruneRun, now: Timestamp?, lockRequests: Int? = nil
    ) throws -> PlanSummary {
        var run = run
        run.locks = lockRequests.map {
            LockInspector(
                client: client.another(), bucket: policy.policy.bucket, concurrency: $0)
        }
        var lister = VersionLister(
            client: client, bucket: policy.policy.bucket, prefix: policy.policy.prefix)
        var problems: [Problem] = []
        let summary = try run.plan(&lister) { page in
            let server = ServerTime(page?.date)
            if let problem = server.problem { problems.append(problem) }
            clockRefusal = server.refusal
            return policy.header(
                endpoint: client.endpoint.description, now: now ?? server.instant,
                isOffline: false)
        } problems: { _ in
            problems
        }
        if let limit = summary.refused, !summary.isExpected {
            limitRefusal = Self.overLimit(limit, summary)
        }
        return summary
    }

    /// Refuses to delete for want of the expected number of deletions, or for a limit.
    func refuse(_ refusal: Failure) { limitRefusal = refusal }

    /// Refuses a plan that deletes another number of versions than was expected, over a limit or
    /// not.
    static func unexpected(_ count: Int, expected: Int?) -> Failure? {
        guard let expected, expected != count else { return nil }
        return Failure(
            .refused,
            "the plan deletes \(Quantity.count(count, "version")), "
                + "not \(Quantity.grouped(expected)) as --expect-deletes says",
            hint: "look at the plan again")
    }

    private static func overLimit(_ limit: String, _ summary: PlanSummary) -> Failure {
        let count = summary.expectation
        return Failure(
            .refused, "the plan is over a limit: \(limit)",
            hint: "look at the report; when its deletions are right, let exactly this plan pass "
                + "with --expect-deletes \(count)")
    }
}

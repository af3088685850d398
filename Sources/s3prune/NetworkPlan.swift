import CivilTime
import Console
import Glibc
import PolicyFile
import Pruning
import S3

/// A plan from the bucket itself.
struct NetworkPlan {
    let policy: LoadedPolicy
    let connection: ConnectionOptions
    let now: Timestamp?
    let environment: [String: String]

    /// The local and the server's clock may differ by so many seconds.
    private static let clockTolerance: Int64 = 300

    /// Lists the bucket and makes the plan; refuses a bucket that does not keep versions.
    func make(_ run: PruneRun) throws -> PlanSummary {
        let configuration = try connection.configuration(
            for: policy.policy, environment: environment)
        for warning in configuration.warnings { diagnostics.warning(warning) }
        let client = Client(
            endpoint: configuration.endpoint, credentials: try configuration.credentials(),
            options: options(configuration))
        try requireVersions(client)
        var lister = VersionLister(
            client: client, bucket: policy.policy.bucket, prefix: policy.policy.prefix)
        var problems: [Problem] = []
        return try run.plan(&lister) { page in
            let (instant, problem) = Self.instant(page?.date)
            if let problem { problems.append(problem) }
            return policy.header(
                endpoint: client.endpoint.description, now: now ?? instant, isOffline: false)
        } problems: { _ in
            problems
        }
    }

    private func options(_ configuration: Configuration) -> Client.Options {
        var options = Client.Options(clock: SystemClock.now, sleep: SystemClock.sleep)
        options.caBundle = configuration.caBundle?.value
        if let attempts = configuration.maxAttempts { options.retry.maxAttempts = attempts.value }
        options.expectedBucketOwner = connection.expectedBucketOwner
        options.requesterPays = connection.requestPayer != nil
        if connection.debug {
            options.debug = { diagnostics.raw("s3prune: debug: " + PrintableText.escape($0)) }
            for row in configuration.rows {
                options.debug?("\(row.name) \(row.value) (\(row.origin))")
            }
        }
        return options
    }

    private func requireVersions(_ client: Client) throws {
        let bucket = policy.policy.bucket
        let versioning = try client.versioning(ofBucket: bucket)
        guard versioning.status == .enabled else {
            let state = versioning.status == .suspended ? "suspended" : "not enabled"
            throw Failure(
                .refused, "bucket \(bucket): versioning is \(state), so uploads replace each other",
                hint: "aws s3api put-bucket-versioning --bucket \(bucket) "
                    + "--versioning-configuration Status=Enabled")
        }
    }

    /// The server's clock, and a problem where it is missing or far from the local one.
    private static func instant(_ server: Timestamp?) -> (Timestamp, Problem?) {
        let local = SystemClock.now()
        guard let server else {
            return (
                local,
                Problem(
                    .clock, key: nil, message: "the server's answers bear no Date header",
                    hint: "ages count from the local clock; such a plan is not applied")
            )
        }
        guard abs(server.seconds - local.seconds) > clockTolerance else { return (server, nil) }
        return (
            server,
            Problem(
                .clock, key: nil,
                message: "the clocks disagree: here it is "
                    + "\(Timestamp(seconds: local.seconds).rfc3339), at the server "
                    + server.rfc3339,
                hint: "set this machine's clock; ages count from the server's")
        )
    }
}

/// The machine's clock.
enum SystemClock {
    /// The time of day.
    static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec))
    }

    /// Waits so many seconds.
    static func sleep(_ seconds: Double) {
        var wanted = timespec(
            tv_sec: Int(seconds), tv_nsec: Int((seconds - seconds.rounded(.down)) * 1e9))
        var rest = timespec()
        while nanosleep(&wanted, &rest) != 0, errno == EINTR { wanted = rest }
    }
}

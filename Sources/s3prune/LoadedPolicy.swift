import CivilTime
import Console
import PolicyFile
import Pruning
import Retention
import S3

/// A policy file that was read: the policy and the hash of its bytes.
struct LoadedPolicy {
    let policy: Policy
    let sha256: String

    /// Reads all files, and refuses all where one has a problem.
    ///
    /// With `toDelete` a file that others than its owner may write to is a problem too.
    static func load(_ paths: [String], toDelete: Bool = false) throws -> [LoadedPolicy] {
        var loaded: [LoadedPolicy] = []
        var problems: [PolicyProblem] = []
        for path in paths {
            do throws(PolicyProblems) {
                let (bytes, remarks) = try Policy.read(path: path, toDelete: toDelete)
                let (policy, warnings) = try Policy.load(bytes: bytes, path: path)
                for warning in remarks + warnings { diagnostics.remark(warning.rendering) }
                let hash = Digest.sha256Text(bytes)
                loaded.append(LoadedPolicy(policy: policy, sha256: hash))
            } catch {
                problems += error.problems
            }
        }
        if problems.isEmpty { problems = Policy.overlaps(loaded.map(\.policy)) }
        guard problems.isEmpty else {
            for problem in problems { diagnostics.raw(problem.rendering) }
            throw Failure(
                .configuration, "\(Quantity.count(problems.count, "problem")) in the policy",
                hint: "nothing was read from S3")
        }
        return loaded
    }

    /// The bucket and prefix, as messages name them.
    var place: String {
        policy.prefix.isEmpty
            ? policy.bucket : policy.bucket + "/" + PrintableText.escape(policy.prefix)
    }

    /// What the policy says about how its bucket is reached.
    var connection: Configuration.PolicySettings {
        .init(path: policy.path, region: policy.region, endpointURL: policy.endpointURL)
    }

    /// The header of a plan made from this policy.
    func header(endpoint: String?, now: Timestamp, isOffline: Bool) -> PlanHeader {
        PlanHeader(
            bucket: policy.bucket, prefix: policy.prefix, endpoint: endpoint, policy: policy.path,
            policySHA256: sha256, now: now, timezone: policy.timezone, calendar: policy.calendar,
            ruleNames: policy.rules.map { $0.rule.name ?? "" }, isOffline: isOffline)
    }
}

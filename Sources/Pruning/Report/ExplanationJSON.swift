internal import CivilTime
public import Console
public import PolicyFile
internal import Retention

/// The explanation of one key as JSON Lines, schema `s3prune.explanation/1`.
///
/// The first line says which policy, rule and glob are responsible; the `version`, `problem` and
/// `summary` lines are those of a plan, the versions newest first.
public final class ExplanationJSON: PlanSink {
    private let output: ByteWriter
    private let policy: Policy
    private let lines: JSONReport
    private var header: PlanHeader?

    /// An explanation by this policy that goes to `output`, which the caller finishes.
    public init(policy: Policy, output: ByteWriter) {
        self.policy = policy
        self.output = output
        lines = JSONReport(output: output)
    }

    /// Remembers what the explanation is made from.
    public func begin(_ header: PlanHeader) throws {
        self.header = header
        lines.calendar = header.calendar
    }

    /// Writes the `explanation` line, the versions and the problems of the key.
    public func add(_ key: KeyPlan) throws {
        try writeFirstLine(key.key)
        for index in key.newestFirst { try lines.write(index, of: key) }
        for problem in key.problems { try add(problem) }
    }

    /// Writes a `problem` line.
    public func add(_ problem: Problem) throws { try lines.add(problem) }

    /// Writes the `summary` line.
    public func end(_ summary: PlanSummary) throws { try lines.end(summary) }

    private func writeFirstLine(_ key: [UInt8]) throws {
        guard let header else { return }
        let match = RuleMatch(key: key, policy: policy)
        var line = JSONLine()
        line.add("type", "explanation")
        line.add("schema", "s3prune.explanation/1")
        line.add("bucket", header.bucket)
        line.add("key", key)
        line.add("endpoint", header.endpoint)
        line.add("policy", header.policy)
        line.add("policy_sha256", header.policySHA256)
        line.add("now", header.now.rfc3339)
        line.add("timezone", header.timezone)
        line.add("rule", match.rule?.rule.name)
        line.add("glob", match.glob)
        line.add("passed_over", match.passedOver) { inner, passed in
            inner.add("rule", passed.rule)
            inner.add("glob", passed.glob)
            inner.add("excluded_by", passed.excludedBy)
        }
        try output.write(line.take())
    }
}

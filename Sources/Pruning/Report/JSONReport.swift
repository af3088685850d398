internal import CivilTime
public import Console
internal import Retention

/// The plan as JSON Lines (`--format json`, `--plan-out`), schema `s3prune.plan/1`.
///
/// Versions stand in listing order. A stream without its `summary` line is not a plan: the
/// listing or the writing failed.
public final class JSONReport: PlanSink {
    private let output: ByteWriter
    private var line = JSONLine()
    /// The calendar whose periods the reasons name.
    var calendar = CivilCalendar(zone: .utc, dayStarts: 0)

    /// A report that goes to `output`, which the caller finishes.
    public init(output: ByteWriter) { self.output = output }

    /// Writes the `plan` line.
    public func begin(_ header: PlanHeader) throws {
        calendar = header.calendar
        line.add("type", "plan")
        line.add("schema", "s3prune.plan/1")
        line.add("bucket", header.bucket)
        line.add("prefix", header.prefix)
        line.add("endpoint", header.endpoint)
        line.add("policy", header.policy)
        line.add("policy_sha256", header.policySHA256)
        line.add("now", header.now.rfc3339)
        line.add("timezone", header.timezone)
        try output.write(line.take())
    }

    /// Writes a `version` line for each version and a `problem` line for each problem of the key.
    public func add(_ key: KeyPlan) throws {
        for index in 0..<key.versions.count { try write(index, of: key) }
        for problem in key.problems { try add(problem) }
    }

    /// Writes a `problem` line.
    public func add(_ problem: Problem) throws {
        line.add("type", "problem")
        line.add("code", problem.code.rawValue)
        if let key = problem.key { line.add("key", key) } else { line.addNull("key") }
        line.add("message", problem.message)
        line.add("hint", problem.hint)
        try output.write(line.take())
    }

    /// Writes the `summary` line.
    public func end(_ summary: PlanSummary) throws {
        line.add("type", "summary")
        line.add("keys", summary.totals.keys)
        line.add("versions", summary.totals.versions)
        line.add("keep", summary.totals.keep)
        line.add("delete", summary.totals.delete)
        line.add("hold", summary.totals.hold)
        line.add("bytes_deleted", Int(summary.totals.bytesDeleted))
        line.add("problems", summary.problems)
        line.add("refused", summary.isExpected ? nil : summary.refused)
        // Over a limit, and let pass by this number.
        if summary.isExpected, summary.refused != nil { line.add("expected", summary.expectation) }
        try output.write(line.take())
    }

    /// Writes the `version` line of the version at an index.
    func write(_ index: Int, of key: KeyPlan) throws {
        let version = key.versions.versions[index]
        let decision = key.decision(at: index)
        line.add("type", "version")
        line.add("key", key.key)
        line.add("version_id", try key.versions.versionID(at: index))
        line.add("last_modified", version.modified.rfc3339)
        line.add("size", Int(version.size))
        if version.isMarker {
            line.addNull("etag")
        } else {
            line.add("etag", try key.versions.etag(at: index))
        }
        line.add("is_latest", version.isLatest)
        line.add("delete_marker", version.isMarker)
        line.add("rule", key.ruleName)
        line.add("action", decision.action.word)
        try add(decision.reasons, of: key)
        switch decision.keepUntil {
        case .none: break
        case .never: line.addNull("keep_until")
        case .at(let end): line.add("keep_until", end.rfc3339)
        }
        try output.write(line.take())
    }

    private func add(_ reasons: [Reason], of key: KeyPlan) throws {
        try line.add("reasons", reasons) { inner, reason in
            inner.add("code", reason.code.rawValue)
            if let period = reason.period, let kind = reason.code.periodKind {
                inner.add("period", calendar.name(of: kind, period))
            }
            if let holder = reason.holder {
                inner.add("holder", try key.versions.versionID(at: holder))
            }
            if let full = reason.full { inner.add("full", full) }
        }
    }
}

extension Action {
    /// The word of the plan format.
    var word: String {
        switch self {
        case .keep: "keep"
        case .delete: "delete"
        case .hold: "hold"
        }
    }
}

internal import CivilTime
public import PolicyFile
internal import Retention

/// Applies a policy to the keys of a listing and hands the plan to its sinks.
public final class Planner {
    private let policy: Policy
    private let header: PlanHeader
    private let sinks: [any PlanSink]
    private let expectedDeletes: Int?
    private let locks: LockInspector?
    private let applied: DeletionSpool?
    private var summary = PlanSummary()
    private var missingPins: [Pin]

    /// A planner whose ages count from `header.now`; `locks` is asked about what would go. Where
    /// only what `applied`, one of the sinks, takes of the plan is carried out, the limits are
    /// about that.
    public init(
        policy: Policy, header: PlanHeader, sinks: [any PlanSink], expectedDeletes: Int? = nil,
        locks: LockInspector? = nil, applied: DeletionSpool? = nil
    ) {
        self.policy = policy
        self.header = header
        self.sinks = sinks
        self.expectedDeletes = expectedDeletes
        self.locks = locks
        self.applied = applied
        summary.rules = Array(repeating: Totals(), count: policy.rules.count)
        missingPins = policy.pins
    }

    /// Starts the plan.
    public func begin() throws { for sink in sinks { try sink.begin(header) } }

    /// Plans the next key.
    public func add(_ versions: KeyVersions) throws {
        let plan = try self.plan(for: versions)
        count(plan)
        for sink in sinks { try sink.add(plan) }
    }

    /// Ends the plan; `problems` are those of the run itself.
    public func end(problems runProblems: [Problem] = []) throws -> PlanSummary {
        let deletions =
            applied.map { LimitedDeletions(summary, takenBy: $0) } ?? LimitedDeletions(summary)
        let limits = LimitCheck(policy: policy, deletions)
        summary.refused = limits.refusal
        summary.expectation = deletions.expectation
        summary.isExpected = expectedDeletes == deletions.expectation
        var problems = runProblems + missingPins.map(Self.problem(ofMissing:))
        problems += limits.problems(expected: expectedDeletes)
        summary.problems += problems.count
        for sink in sinks {
            for problem in problems { try sink.add(problem) }
            try sink.end(summary)
        }
        return summary
    }

    private func plan(for versions: KeyVersions) throws -> KeyPlan {
        try mark(pinnedIn: versions)
        guard let index = policy.rule(forKey: versions.key) else {
            return KeyPlan(
                versions: versions, rule: nil, ruleName: nil, decisions: nil, isLimited: false,
                problems: KeyProblems(versions: versions, header: header)
                    .ofUnmatched(isError: policy.unmatched == .error))
        }
        let rule = policy.rules[index].rule
        var decisions = decide(versions, rule)
        var asked: Set<Int> = []
        while try isAnyLocked(decisions, versions, &asked) { decisions = decide(versions, rule) }
        let isLimited = policy.limits.holds(decisions, of: versions)
        let problems = KeyProblems(versions: versions, header: header)
            .of(decisions, rule: rule, limit: isLimited ? policy.limits.maxDeleteOfKey : nil)
        return KeyPlan(
            versions: versions, rule: index, ruleName: policy.rules[index].rule.name,
            decisions: decisions, isLimited: isLimited, problems: problems)
    }

    private func decide(_ versions: KeyVersions, _ rule: Rule) -> Decisions {
        Retention.decide(
            versions.versions, rule: rule, calendar: policy.calendar, now: header.now,
            releasedDays: policy.releasedDays(ofKey: versions.key), orphans: policy.orphans)
    }

    /// Marks what is locked of the versions that would go, each asked once; whether that was any.
    private func isAnyLocked(
        _ decisions: Decisions, _ versions: KeyVersions, _ asked: inout Set<Int>
    ) throws -> Bool {
        guard let locks else { return false }
        let indices = versions.versions.indices.filter {
            decisions.action(at: $0) == .delete && asked.insert($0).inserted
        }
        return try locks.mark(indices, of: versions, at: header.now)
    }

    private func mark(pinnedIn versions: KeyVersions) throws {
        let pins = policy.pins.filter { $0.key == versions.key }
        guard !pins.isEmpty else { return }
        for index in 0..<versions.count {
            let id = try versions.versionID(at: index)
            guard pins.contains(where: { Array($0.versionID.utf8) == id }) else { continue }
            versions.versions[index].isPinned = true
            missingPins.removeAll {
                $0.key == versions.key && Array($0.versionID.utf8) == id
            }
        }
    }

    private func count(_ plan: KeyPlan) {
        var totals = Totals()
        totals.keys = 1
        for (index, version) in plan.versions.versions.enumerated() {
            totals.count(version, as: plan.action(at: index))
        }
        summary.totals.add(totals)
        if let rule = plan.rule {
            summary.rules[rule].add(totals)
        } else {
            summary.unmatched.add(totals)
        }
        summary.problems += plan.problems.count
    }

    private static func problem(ofMissing pin: Pin) -> Problem {
        Problem(
            .pin, key: pin.key,
            message: "the pinned version \(pin.versionID) is not in the bucket",
            hint: "find out who deleted it, or remove the pin from the policy")
    }
}

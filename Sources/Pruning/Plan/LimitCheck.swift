internal import Console
public import PolicyFile
internal import Retention

/// What is held against the limits of a policy.
struct LimitedDeletions {
    /// The number of listed versions of each rule.
    var listed: [Int]
    /// The number of deletions of each rule.
    var deletions: [Int]
    /// All deletions.
    var count: Int
    /// Their bytes.
    var bytes: Int64
    /// The number that `--expect-deletes` has to name.
    var expectation: Int

    /// All deletions of a plan.
    init(_ summary: PlanSummary) {
        listed = summary.rules.map(\.versions)
        deletions = summary.rules.map(\.delete)
        count = summary.totals.delete
        bytes = summary.totals.bytesDeleted
        expectation = count
    }

    /// Those of a plan that `spool` took: the ones that a reviewed plan names too.
    init(_ summary: PlanSummary, takenBy spool: DeletionSpool) {
        self.init(summary)
        deletions = summary.rules.indices.map { spool.countOfRule[$0, default: 0] }
        count = spool.versions.count
        bytes = spool.versions.size
        expectation = count + spool.spared
    }
}

/// Holds deletions against the limits of their policy.
struct LimitCheck {
    private let exceeded: [String]
    private let expectation: Int

    /// Compares deletions with `limits:` of the policy.
    init(policy: Policy, _ plan: LimitedDeletions) {
        let limits = policy.limits
        var exceeded: [String] = []
        for (rule, (listed, deletions)) in zip(policy.rules, zip(plan.listed, plan.deletions)) {
            guard let share = limits.maxDelete, deletions > 100 else { continue }
            if share.isExceeded(by: deletions, of: listed) {
                exceeded.append(
                    "rule \(PrintableText.escape(rule.rule.name ?? "")) would lose "
                        + "\(Quantity.grouped(deletions)) of "
                        + "\(Quantity.grouped(listed)) versions, "
                        + "more than max-delete \(share.policyText)")
            }
        }
        if let most = limits.maxDeleteVersions, plan.count > most {
            exceeded.append(
                "\(Quantity.grouped(plan.count)) deletions are more than "
                    + "max-delete-versions \(Quantity.grouped(most))")
        }
        if let most = limits.maxDeleteBytes, plan.bytes > most {
            exceeded.append(
                "\(Quantity.bytes(plan.bytes)) are more than "
                    + "max-delete-bytes \(Quantity.bytes(most))")
        }
        self.exceeded = exceeded
        expectation = plan.expectation
    }

    /// Why the plan is refused, or `nil` where every limit is kept.
    var refusal: String? { exceeded.isEmpty ? nil : exceeded.joined(separator: "; ") }

    /// A problem for each limit that is exceeded, unless this number of deletions was expected.
    func problems(expected: Int?) -> [Problem] {
        guard expected != expectation else { return [] }
        // No sign follows a comma: a table for spreadsheets escapes those.
        let problems = exceeded.map { message in
            Problem(
                .limit, key: nil, message: message,
                hint: "look at the deletions below; when they are right, let exactly this plan "
                    + "pass with --expect-deletes \(expectation)")
        }
        guard let expected else { return problems }
        let wrong = Problem(
            .limit, key: nil,
            message: "the plan deletes \(Quantity.count(expectation, "version")), "
                + "not \(Quantity.grouped(expected)) as --expect-deletes says",
            hint: "look at the plan again")
        return [wrong] + problems
    }
}

extension PolicyFile.Limits {
    /// Leaves the limits that are about a key.
    public mutating func removeThoseOfRun() {
        maxDelete = nil
        maxDeleteVersions = nil
        maxDeleteBytes = nil
    }

    /// Whether `max-delete-of-key` holds what the rule would delete of a key.
    func holds(_ decisions: Decisions, of versions: KeyVersions) -> Bool {
        guard let share = maxDeleteOfKey else { return false }
        let deletions = (0..<versions.count).count { decisions.action(at: $0) == .delete }
        return share.isExceeded(by: deletions, of: versions.count)
    }
}

extension Ratio {
    /// Whether `part` of `whole` is strictly more than this share.
    func isExceeded(by part: Int, of whole: Int) -> Bool {
        part.multipliedFullWidth(by: 1_000_000) > whole.multipliedFullWidth(by: partsPerMillion)
    }
}

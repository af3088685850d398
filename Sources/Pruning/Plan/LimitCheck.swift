internal import Console
internal import PolicyFile
internal import Retention

/// Holds a plan against the limits of its policy.
struct LimitCheck {
    private let exceeded: [String]
    private let deletions: Int

    /// Compares a finished plan with `limits:` of the policy.
    init(policy: Policy, summary: PlanSummary) {
        let limits = policy.limits
        var exceeded: [String] = []
        for (rule, totals) in zip(policy.rules, summary.rules) {
            guard let share = limits.maxDelete, totals.delete > 100 else { continue }
            if share.isExceeded(by: totals.delete, of: totals.versions) {
                exceeded.append(
                    "rule \(PrintableText.escape(rule.rule.name ?? "")) would lose "
                        + "\(Quantity.grouped(totals.delete)) of "
                        + "\(Quantity.grouped(totals.versions)) versions, "
                        + "more than max-delete \(share.policyText)")
            }
        }
        if let most = limits.maxDeleteVersions, summary.totals.delete > most {
            exceeded.append(
                "\(Quantity.grouped(summary.totals.delete)) deletions are more than "
                    + "max-delete-versions \(Quantity.grouped(most))")
        }
        if let most = limits.maxDeleteBytes, summary.totals.bytesDeleted > most {
            exceeded.append(
                "\(Quantity.bytes(summary.totals.bytesDeleted)) are more than "
                    + "max-delete-bytes \(Quantity.bytes(most))")
        }
        self.exceeded = exceeded
        deletions = summary.totals.delete
    }

    /// Why the plan is refused, or `nil` where every limit is kept.
    var refusal: String? { exceeded.isEmpty ? nil : exceeded.joined(separator: "; ") }

    /// A problem for each limit that is exceeded, unless this number of deletions was expected.
    func problems(expected: Int?) -> [Problem] {
        guard expected != deletions else { return [] }
        return exceeded.map { message in
            Problem(
                .limit, key: nil, message: message,
                hint: "look at the deletions below; when they are right, "
                    + "--expect-deletes \(deletions) lets exactly this plan pass")
        }
    }
}

extension PolicyFile.Limits {
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

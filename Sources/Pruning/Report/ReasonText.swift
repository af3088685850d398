internal import CivilTime
internal import Console
internal import PolicyFile
internal import Retention

/// The reasons of a decision in words.
struct ReasonText {
    let key: KeyPlan
    let calendar: CivilCalendar

    /// Why a version expires: who holds which slot instead, then which rules are full.
    func whyExpired(_ decision: Decision) -> [String] {
        var full: [String] = []
        var held: [String] = []
        for reason in decision.reasons {
            if reason.code == .within {
                held.append("older than the window")
            } else if let holder = reason.holder {
                let date = calendar.localText(of: key.versions.versions[holder].modified)
                held.append("\(periodName(reason)) held by \(date)")
            } else if let count = reason.full {
                full.append("\(reason.code.rawValue) \(count)")
            } else if reason.code != .marker {
                held.append("outside \(reason.code.rawValue)")
            } else {
                held.append("no older version is kept")
            }
        }
        if !full.isEmpty { held.append("beyond " + full.joined(separator: ", ")) }
        return held.isEmpty ? ["no rule keeps it"] : held
    }

    /// What keeps a version of the rule's key, in the order of the rule's lines.
    func whyKept(_ decision: Decision, by rule: Rule?) -> [String] {
        decision.reasons.map { reason in
            reason.code.periodKind == nil
                ? Self.words(reason.code, rule) : "\(reason.code.rawValue) \(periodName(reason))"
        }
    }

    /// What holds a version back from being deleted.
    func whyHeld(_ decision: Decision) -> [String] {
        decision.reasons.map { reason in
            switch reason.code {
            case .crowd: "\(periodName(reason)) holds more versions than expected"
            case .shrunk: "the newest version is too small"
            case .silent: "no new version arrives"
            case .limit: "too much of the key would go"
            case .quarantine: "the listing of the key cannot be right"
            default: reason.code.rawValue
            }
        }
    }

    private static func words(_ code: ReasonCode, _ rule: Rule?) -> String {
        switch code {
        case .current: "current version"
        case .minVersions: "newest \(rule?.minVersions ?? 1)"
        case .minAge: "younger than \(rule?.minAge.policyText ?? "min-age")"
        case .last: "last \(slots(rule)?.last.map(text) ?? "")"
        case .within: "within \(slots(rule)?.within?.policyText ?? "the window")"
        case .oldest: "oldest, until every rule is full"
        case .future: "dated in the future"
        case .locked: "Object Lock retention"
        case .legalHold: "legal hold"
        case .pinned: "pinned by the policy"
        case .unmatched: "no rule of the policy matches the key"
        case .keepAll: "the rule keeps all"
        case .marker: "hides an older version that stays, or nothing else is left"
        default: code.rawValue
        }
    }

    private static func slots(_ rule: Rule?) -> Slots? {
        guard case .slots(let slots) = rule?.keep else { return nil }
        return slots
    }

    private static func text(_ count: Count) -> String {
        switch count {
        case .limited(let number): String(number)
        case .all: "all"
        }
    }

    private func periodName(_ reason: Reason) -> String {
        guard let kind = reason.code.periodKind, let period = reason.period else {
            return reason.code.rawValue
        }
        return calendar.name(of: kind, period)
    }
}

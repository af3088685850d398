public import CivilTime
internal import Console
public import Retention

extension Policy {
    /// What the policy says in its own words, defaults included: a line for the file, one for each
    /// rule, and one for what no rule takes; no line end after the last.
    public var summary: String {
        var place = "s3://\(bucket)"
        if !prefix.isEmpty { place += "/" + PrintableText.escape(prefix) }
        let count = Quantity.count(rules.count, "rule")
        var days = "days of \(timezone)"
        if calendar.dayStarts != 0 { days += " from hour \(calendar.dayStarts)" }
        var lines = ["\(Printable.line(path)): ok: \(place), \(count), \(days)"]
        for rule in rules {
            lines.append("  \(Printable.line(rule.rule.name ?? "")): \(rule.summary)")
        }
        lines.append("  \(remainder)")
        return lines.joined(separator: "\n")
    }

    private var remainder: String {
        var parts = ["other keys \(unmatched == .keep ? "kept" : "kept and reported")"]
        if orphans == .remove { parts.append("delete markers alone removed") }
        if case .abortAfter(let age) = incompleteUploads {
            parts.append("uploads aborted after \(age.policyText)")
        }
        if !pins.isEmpty { parts.append(Quantity.count(pins.count, "pin")) }
        if !released.isEmpty { parts.append(Quantity.count(released.count, "released day")) }
        return parts.joined(separator: "; ")
    }
}

extension PolicyRule {
    /// What the rule keeps in the words of a policy file, defaults included: `keep daily 14; …`.
    public var summary: String {
        guard case .slots(let slots) = rule.keep else { return "keep all" }
        var parts = ["keep \(slots.summary)", "pick \(rule.pick)"]
        if !rule.minAge.isZero { parts.append("min-age \(rule.minAge.policyText)") }
        parts.append("min-versions \(rule.minVersions)")
        if !rule.keepOldest { parts.append("keep-oldest false") }
        let health = rule.health.summary
        if !health.isEmpty { parts.append(health) }
        return parts.joined(separator: "; ")
    }
}

extension Slots {
    fileprivate var summary: String {
        var parts: [String] = []
        if let last { parts.append("last \(last.policyText)") }
        if let within { parts.append("within \(within.policyText)") }
        for (kind, name) in Reader.periods {
            if let count = self[kind] { parts.append("\(name) \(count.policyText)") }
        }
        return parts.joined(separator: ", ")
    }
}

extension Health {
    fileprivate var summary: String {
        var parts: [String] = []
        if minSize > 0 { parts.append("min-size \(SizeText.text(of: minSize))") }
        if let expectPerDay { parts.append("expect-per-day \(expectPerDay)") }
        if let expectEvery { parts.append("expect-every \(expectEvery.policyText)") }
        if let shrinkLimit { parts.append("shrink-limit \(shrinkLimit.policyText)") }
        return parts.joined(separator: ", ")
    }
}

extension Count {
    fileprivate var policyText: String {
        switch self {
        case .limited(let number): String(number)
        case .all: "all"
        }
    }
}

extension CalendarDuration {
    /// As a policy file writes it: `1y6mo`, `26h`.
    public var policyText: String { DurationText.text(of: self) }
}

extension Ratio {
    /// As a policy file writes it: `50%`, `12.5%`.
    public var policyText: String { ShareText.text(of: self) }
}

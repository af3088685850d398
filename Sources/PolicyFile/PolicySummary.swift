public import CivilTime
internal import Console
public import Retention

extension Policy {
    /// What the policy keeps, in words: a line for the file and one for each rule.
    public var summary: String {
        var place = "s3://\(bucket)"
        if !prefix.isEmpty { place += "/" + PrintableText.escape(prefix) }
        var lines = ["\(Printable.line(path)): ok: \(place), days of \(timezone)"]
        for rule in rules {
            lines.append("  \(Printable.line(rule.rule.name ?? "")): \(rule.rule.summary)")
        }
        lines.append("  other keys: \(unmatched == .keep ? "kept" : "kept and reported")")
        return lines.joined(separator: "\n")
    }
}

extension Rule {
    fileprivate var summary: String {
        guard case .slots(let slots) = keep else { return "keeps everything" }
        var parts: [String] = []
        if let last = slots.last { parts.append(last.words("last")) }
        if let within = slots.within { parts.append("everything of the last \(within.policyText)") }
        for kind in PeriodKind.allCases {
            if let count = slots[kind] { parts.append(count.words(ReasonCode(kind).rawValue)) }
        }
        parts.append("nothing younger than \(minAge.policyText) goes")
        parts.append("never the newest \(minVersions)")
        return parts.joined(separator: ", ")
    }
}

extension Count {
    fileprivate func words(_ name: String) -> String {
        switch self {
        case .limited(let number): "\(number) \(name)"
        case .all: "all \(name)"
        }
    }
}

extension CalendarDuration {
    /// As a policy file writes it: `1y6mo`, `26h`.
    public var policyText: String {
        let units = [
            (years, "y"), (months, "mo"), (weeks, "w"), (days, "d"), (hours, "h"), (minutes, "min"),
        ]
        let text = units.filter { $0.0 != 0 }.map { "\($0.0)\($0.1)" }.joined()
        return text.isEmpty ? "0" : text
    }
}

extension Ratio {
    /// As a policy file writes it: `50%`, `12.5%`.
    public var policyText: String { ShareText.text(of: self) }
}

/// The mappings of a policy file and the keys that each of them knows.
enum Section: CaseIterable {
    case policy
    case rule
    case keep
    case health
    case limits
    case pin
    case release
    case deleteMarkers
    case incompleteUploads

    /// Keys that may stand at the top as a default and in a rule as an override.
    private static let shared = ["pick", "min-age", "min-versions", "keep-oldest", "health"]

    var keys: [String] {
        switch self {
        case .policy:
            ["version", "bucket", "region", "endpoint-url", "timezone", "day-starts"]
                + Self.shared
                + [
                    "keep", "rules", "pins", "unmatched", "delete-markers", "incomplete-uploads",
                    "released", "limits",
                ]
        case .rule: ["name", "match", "exclude", "keep"] + Self.shared
        case .keep:
            ["last", "within", "hourly", "daily", "weekly", "monthly", "quarterly", "yearly"]
        case .health: ["min-size", "expect-per-day", "expect-every", "shrink-limit"]
        case .limits:
            ["max-delete", "max-delete-of-key", "max-delete-versions", "max-delete-bytes"]
        case .pin: ["key", "version-id", "why"]
        case .release: ["key", "day", "why"]
        case .deleteMarkers: ["orphans"]
        case .incompleteUploads: ["abort-after"]
        }
    }

    /// After "in" in a message.
    var name: String {
        switch self {
        case .policy: "the policy"
        case .rule: "a rule"
        case .pin: "a pin"
        case .release: "a released day"
        case .keep: "'keep'"
        case .health: "'health'"
        case .limits: "'limits'"
        case .deleteMarkers: "'delete-markers'"
        case .incompleteUploads: "'incomplete-uploads'"
        }
    }

    /// What it looks like.
    var example: String {
        switch self {
        case .policy: "a policy is lines like 'bucket: acme-backups'"
        case .rule: "for example: { match: \"db/**\", keep: { daily: 14 } }"
        case .keep: "for example: { daily: 14, monthly: 12 }, or 'all'"
        case .health: "for example: { min-size: 1KiB, expect-every: 26h }"
        case .limits: "for example: { max-delete: 50% }"
        case .pin: "for example: { key: \"db/a.gz\", version-id: \"3sL4kq\" }"
        case .release: "for example: { key: \"db/a.gz\", day: 2026-11-20 }"
        case .deleteMarkers: "for example: { orphans: keep }"
        case .incompleteUploads: "for example: { abort-after: 3d }, or 'keep'"
        }
    }

    /// The cure for a key that the section does not know.
    func hint(forKey key: String) -> String {
        if key == "<<" { return "merge keys are not supported, write it out" }
        if let word = keys.first(where: { key.hasPrefix($0 + " ") || key.hasPrefix($0 + ":") }) {
            let value = key.dropFirst(word.count).drop { $0 == " " || $0 == ":" }
            return "a key is followed by ': ', as in '\(word): \(Printable.line(value))'"
        }
        let longer = keys.filter { $0.hasPrefix(key + "-") }
        if longer.count == 1 { return "did you mean '\(longer[0])'?" }
        if let home = Section.home(of: key) { return "'\(key)' belongs \(home)" }
        let word = Section.others[key.lowercased()] ?? key
        if keys.contains(word) { return "did you mean '\(word)'?" }
        if let near = Suggestion.nearest(to: word, among: keys) { return "did you mean '\(near)'?" }
        for section in Section.allCases where section != self {
            if let near = Suggestion.nearest(to: word, among: section.keys), near.count > 3 {
                return "did you mean '\(near)'? it belongs \(Section.home(of: near) ?? "")"
            }
        }
        return "known here: " + keys.joined(separator: ", ")
    }

    /// Words that other tools use.
    private static let others = [
        "tz": "timezone", "zone": "timezone", "time-zone": "timezone", "endpoint": "endpoint-url",
        "path": "match", "paths": "match", "glob": "match", "pattern": "match", "keys": "match",
        "ignore": "exclude", "keep-last": "last", "keep-within": "within",
        "keep-hourly": "hourly", "keep-daily": "daily", "keep-weekly": "weekly",
        "keep-monthly": "monthly", "keep-quarterly": "quarterly", "keep-yearly": "yearly",
        "hours": "hourly", "days": "daily", "weeks": "weekly", "months": "monthly",
        "quarters": "quarterly", "years": "yearly", "annually": "yearly", "grace": "min-age",
        "versionid": "version-id", "id": "version-id", "reason": "why", "comment": "why",
        "date": "day",
    ]

    /// Where a key belongs, if anywhere.
    private static func home(of key: String) -> String? {
        let homes = allCases.filter { $0.keys.contains(key) }
        if homes == [.policy] { return "at the top of the file" }
        if homes.contains(.policy), homes.contains(.rule) {
            return "at the top of the file or in a rule"
        }
        return homes.first.map { "in \($0.name)" }
    }
}

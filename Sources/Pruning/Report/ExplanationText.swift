internal import CivilTime
public import Console
public import PolicyFile
internal import Retention

/// The explanation of one key for people: which rule is responsible and why, then every version,
/// newest first, with what keeps it and until when, or who holds its slots instead.
public final class ExplanationText: PlanSink {
    private let output: ByteWriter
    private let policy: Policy
    private var header: PlanHeader?
    private var problems: [Problem] = []
    private let title = SpillBuffer(memoryLimit: 1 << 16)
    private let versions = SpillBuffer(memoryLimit: 1 << 20)

    /// An explanation by this policy that goes to `output`, which the caller finishes.
    public init(policy: Policy, output: ByteWriter) {
        self.policy = policy
        self.output = output
    }

    /// Remembers what the explanation is made from.
    public func begin(_ header: PlanHeader) throws { self.header = header }

    /// Collects what is said about the key.
    public func add(_ key: KeyPlan) throws {
        guard let header else { return }
        problems += key.problems
        let match = RuleMatch(key: key.key, policy: policy)
        try title.append((self.title(key, header) + origin(header) + words(match)).utf8)
        let rows = VersionRows(
            key: key, calendar: header.calendar, now: header.now, policy: policy, match: match)
        for index in key.newestFirst { try versions.append(try rows.text(of: index).utf8) }
    }

    /// Collects a problem.
    public func add(_ problem: Problem) throws { problems.append(problem) }

    /// Prints the explanation.
    public func end(_ summary: PlanSummary) throws {
        try title.forEachBlock { try output.write($0) }
        if !problems.isEmpty { try output.write("\nPROBLEMS\n") }
        for problem in problems { try output.write(problem.text) }
        try output.write("\nVERSIONS, newest first (* is the current one)\n")
        try versions.forEachBlock { try output.write($0) }
    }

    private func title(_ key: KeyPlan, _ header: PlanHeader) -> String {
        var totals = Totals()
        for (index, version) in key.versions.versions.enumerated() {
            totals.count(version, as: key.action(at: index))
        }
        var parts = ["\(Quantity.grouped(totals.keep)) kept"]
        if totals.hold > 0 { parts.append("\(Quantity.grouped(totals.hold)) held") }
        if totals.delete > 0 {
            let bytes = Quantity.bytes(totals.bytesDeleted)
            let expire = totals.delete == 1 ? "expires" : "expire"
            parts.append("\(Quantity.grouped(totals.delete)) \(expire) (\(bytes))")
        }
        let name = "s3://\(header.bucket)/\(PrintableText.escape(key.key))"
        return wrapped(name, indent: 2)
            + wrapped(
                "  \(Quantity.count(totals.versions, "version")), "
                    + "\(Quantity.bytes(totals.bytes)): " + parts.joined(separator: ", "),
                indent: 2)
    }

    private func origin(_ header: PlanHeader) -> String {
        let endpoint = header.endpoint.map { " at " + PrintableText.escape($0) } ?? ""
        let source = header.isOffline ? "saved listing" : "listing"
        return wrapped(
            "  \(source)\(endpoint), as of \(header.now.rfc3339), times of \(header.timezone)",
            indent: 2)
    }

    private func words(_ match: RuleMatch) -> String {
        var text = wrapped("\nPOLICY \(PrintableText.escape(policy.path))", indent: 2)
        for passed in match.passedOver {
            text += wrapped(
                "  not rule \(PrintableText.escape(passed.rule)): the key matches "
                    + "\(quoted(passed.glob)), but is excluded by \(quoted(passed.excludedBy))",
                indent: 4)
        }
        if let rule = match.rule, let glob = match.glob {
            let name = PrintableText.escape(rule.rule.name ?? "")
            text += wrapped("  rule \(name): the key matches \(quoted(glob))", indent: 4)
            text += wrapped("    \(rule.summary)", indent: 4)
        } else {
            text += wrapped("  no rule takes the key: every version is kept", indent: 4)
        }
        return text
    }

    private func quoted(_ glob: String) -> String { "\"\(PrintableText.escape(glob))\"" }
}

/// The lines of a version: its date, size, fate and id, then why.
private struct VersionRows {
    let key: KeyPlan
    let calendar: CivilCalendar
    let now: Timestamp
    let policy: Policy
    let match: RuleMatch

    func text(of index: Int) throws -> String {
        let version = key.versions.versions[index]
        let decision = key.decision(at: index)
        let id = try key.versions.versionID(at: index)
        let fate =
            switch decision.action {
            case .keep: "kept   "
            case .hold: "held   "
            case .delete: "expires"
            }
        let size = version.isMarker ? "marker" : Quantity.bytes(version.size)
        let padding = String(repeating: " ", count: max(1, 11 - size.count))
        return wrapped(
            "\(version.isLatest ? "* " : "  ")\(calendar.localText(of: version.modified))"
                + "\(padding)\(size)  \(fate)  \(PrintableText.escape(id))", indent: 6)
            + why(decision, id)
    }

    private func why(_ decision: Decision, _ id: [UInt8]) -> String {
        let reasons = ReasonText(key: key, calendar: calendar)
        switch decision.action {
        case .delete: return wrapped(phrases: reasons.whyExpired(decision), indent: 6)
        case .hold: return wrapped(phrases: reasons.whyHeld(decision), indent: 6)
        case .keep:
            var phrases = reasons.whyKept(decision, by: match.rule?.rule)
            if let why = pin(id)?.why { phrases.append("\"\(PrintableText.escape(why))\"") }
            phrases[0] = until(decision) + ": " + phrases[0]
            return wrapped(phrases: phrases, indent: 6)
        }
    }

    private func pin(_ id: [UInt8]) -> Pin? {
        policy.pins.first { $0.key == key.key && Array($0.versionID.utf8) == id }
    }

    private func until(_ decision: Decision) -> String {
        switch decision.keepUntil {
        case .at(let end) where end > now: return "until " + calendar.localText(of: end)
        case .never: return "for ever"
        case .none, .at:
            let codes = Set(decision.reasons.map(\.code))
            if !codes.isDisjoint(with: [.locked, .legalHold]) { return "while it is locked" }
            if codes == [.marker] { return "while that is so" }
            return "until newer ones push it out"
        }
    }
}

extension KeyPlan {
    /// The indices of the versions by age, newest first; of a tie the one listed earlier first.
    var newestFirst: [Int] {
        versions.versions.indices.sorted {
            let (left, right) = (versions.versions[$0].modified, versions.versions[$1].modified)
            return left != right ? left > right : $0 < $1
        }
    }
}

internal import CivilTime
public import Console
internal import Retention

/// The plan for a nightly mail: at most 80 columns, the verdict first.
///
/// The parts: what is the matter and what to do about it; a table by rule; what expires and who
/// holds its slot instead; what is kept of each key; the next command. Nothing is printed before
/// the listing is complete.
public final class TextReport: PlanSink {
    /// How much a report says.
    public enum Detail: Sendable {
        /// Long sections are cut, and the cut is counted.
        case brief
        /// Every version that expires has its own line.
        case full
    }

    private let output: ByteWriter
    private let detail: Detail
    private let isApplied: Bool
    private let nextSteps: [NextStep]
    private var header: PlanHeader?
    private var problems: [Problem] = []
    private let deletions = SpillBuffer(memoryLimit: 1 << 20)
    private let kept = SpillBuffer(memoryLimit: 1 << 20)
    private var deletionLines = 0
    private var uncutDeletions = 0
    private var keptKeys = 0
    private static let mostProblems = 200
    private static let mostLines = 4000

    /// A report that goes to `output`, which the caller finishes. `isApplied` says that the
    /// deletions follow at once; `nextSteps` end the report where there are deletions.
    public init(
        output: ByteWriter, detail: Detail, isApplied: Bool = false, nextSteps: [NextStep] = []
    ) {
        self.output = output
        self.detail = detail
        self.isApplied = isApplied
        self.nextSteps = nextSteps
    }

    /// Remembers what the plan was made from.
    public func begin(_ header: PlanHeader) throws { self.header = header }

    /// Collects what is said about a key.
    public func add(_ key: KeyPlan) throws {
        guard let header else { return }
        for problem in key.problems { try add(problem) }
        if detail == .full || deletionLines < Self.mostLines {
            let text = try DeletionText(key: key, header: header, detail: detail).lines()
            deletionLines += text.count
            for line in text { try deletions.append((line + "\n").utf8) }
        } else {
            uncutDeletions += (0..<key.versions.count).count { key.action(at: $0) == .delete }
        }
        keptKeys += 1
        if detail == .full || keptKeys <= Self.mostLines {
            for line in KeptText(key: key).lines() { try kept.append((line + "\n").utf8) }
        }
    }

    /// Collects a problem.
    public func add(_ problem: Problem) throws {
        if detail == .full || problems.count < Self.mostProblems { problems.append(problem) }
    }

    /// Prints the report.
    public func end(_ summary: PlanSummary) throws {
        guard let header else { return }
        try output.write(
            wrapped(summary.verdict(of: header, isApplied: isApplied), indent: 2))
        try output.write(wrapped(origin(header), indent: 2))
        try writeProblems(summary)
        try output.write("\nBY RULE\n")
        for line in RuleTable(header: header, summary: summary).lines() {
            try output.write(line + "\n")
        }
        try writeSection(
            "TO DELETE", deletions, cut: uncutDeletions, noun: "deletion", empty: "nothing")
        let cutKeys = detail == .full ? 0 : max(0, keptKeys - Self.mostLines)
        try writeSection("KEPT", kept, cut: cutKeys, noun: "key", empty: "no keys")
        // What is refused is not recommended.
        let isRefused = summary.refused != nil && !summary.isExpected
        let steps = nextSteps.filter { !($0.isDeletion && isRefused) }
        guard summary.totals.delete > 0, !steps.isEmpty else { return }
        try output.write("\nNEXT\n")
        for step in steps {
            try output.write("  \(step.purpose)\n")
            try output.write(CommandText.wrapped(step.command))
        }
    }

    private func origin(_ header: PlanHeader) -> String {
        let endpoint = header.endpoint.map { " at " + PrintableText.escape($0) } ?? ""
        let source = header.isOffline ? "saved listing" : "listing"
        return "policy \(PrintableText.escape(header.policy)), \(source)\(endpoint), "
            + "as of \(header.now.rfc3339), days of \(header.timezone)"
    }

    private func writeProblems(_ summary: PlanSummary) throws {
        guard summary.problems > 0 else { return }
        try output.write("\nPROBLEMS\n")
        for problem in problems {
            try output.write(problem.text)
        }
        if summary.problems > problems.count {
            let more = summary.problems - problems.count
            try output.write("  … and \(Quantity.count(more, "more problem")) (--verbose)\n")
        }
    }

    private func writeSection(
        _ title: String, _ text: SpillBuffer, cut: Int, noun: String, empty: String
    ) throws {
        try output.write("\n\(title)\n")
        if text.count == 0, cut == 0 { try output.write("  \(empty)\n") }
        try text.forEachBlock { try output.write($0) }
        if cut > 0 {
            try output.write("  … and \(Quantity.count(cut, "more " + noun)) (--verbose)\n")
        }
    }
}

extension PlanSummary {
    /// The first line of a report: the bucket, what would go, how many problems.
    func verdict(of header: PlanHeader, isApplied: Bool) -> String {
        var text = "\(header.bucket)"
        if !header.prefix.isEmpty { text += "/\(PrintableText.escape(header.prefix))" }
        text += ": "
        if totals.delete == 0 {
            text += "nothing to delete of \(Quantity.count(totals.versions, "version"))"
        } else {
            text += "\(isApplied ? "to" : "would") delete \(Quantity.grouped(totals.delete)) of "
            text += "\(Quantity.count(totals.versions, "version")), "
            text += "\(Quantity.bytes(totals.bytesDeleted))"
        }
        text += "; " + (problems == 0 ? "no" : Quantity.grouped(problems))
        text += problems == 1 ? " problem" : " problems"
        if refused != nil, !isExpected { text += ", over a limit" }
        return text
    }
}

extension Problem {
    /// Its place in a report: kind and key, then what is the matter, then what to do.
    var text: String {
        let subject = key.map { " " + PrintableText.escape($0) } ?? ""
        return wrapped("  \(code.rawValue)\(subject)", indent: 4)
            + wrapped("    " + message, indent: 4) + wrapped("    do: " + hint, indent: 8)
    }
}

/// A command that leads on from a report.
public struct NextStep: Sendable {
    /// What it is for.
    let purpose: String
    /// The command as a shell reads it, safe to print.
    let command: String

    /// Whether it deletes versions: left out where the plan is over a limit.
    let isDeletion: Bool

    /// A command of these words.
    public init(_ purpose: String, _ words: [String], isDeletion: Bool = false) {
        self.purpose = purpose
        self.isDeletion = isDeletion
        command = words.map { PrintableText.escape(CommandText.quoted($0)) }
            .joined(separator: " ")
    }
}

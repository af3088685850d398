internal import CivilTime
public import Console
internal import Retention

/// The plan as one HTML file for a mail or an archive (`--format html`): no scripts, nothing from
/// elsewhere, readable light, dark and on paper.
///
/// The parts are those of ``TextReport``, in the same order. Nothing is written before the listing
/// is complete. Reports of several policies on one output make one document.
public final class HTMLReport: PlanSink {
    private let output: ByteWriter
    private let detail: TextReport.Detail
    private let isApplied: Bool
    private var header: PlanHeader?
    private var problems: [Problem] = []
    private let deletions = SpillBuffer(memoryLimit: 1 << 20)
    private let kept = SpillBuffer(memoryLimit: 1 << 20)
    private var deletionRows = 0
    private var keptRows = 0
    private var cutDeletions = 0
    private var cutKeys = 0
    private static let mostProblems = 200
    private static let mostRows = 3000

    /// A report that goes to `output`, which the caller finishes. `isApplied` says that the
    /// deletions follow at once.
    public init(output: ByteWriter, detail: TextReport.Detail, isApplied: Bool = false) {
        self.output = output
        self.detail = detail
        self.isApplied = isApplied
    }

    /// Remembers what the plan was made from.
    public func begin(_ header: PlanHeader) throws { self.header = header }

    /// Collects what is said about a key.
    public func add(_ key: KeyPlan) throws {
        guard let header else { return }
        for problem in key.problems { try add(problem) }
        let sections = HTMLKey(key: key, header: header, detail: detail)
        if detail == .full || deletionRows < Self.mostRows {
            let (text, rows) = try sections.deletions()
            try deletions.append(text.utf8)
            deletionRows += rows
        } else {
            cutDeletions += (0..<key.versions.count).count { key.action(at: $0) == .delete }
        }
        if detail == .full || keptRows < Self.mostRows {
            let (text, rows) = try sections.kept()
            try kept.append(text.utf8)
            keptRows += rows
        } else {
            cutKeys += 1
        }
    }

    /// Collects a problem.
    public func add(_ problem: Problem) throws {
        if detail == .full || problems.count < Self.mostProblems { problems.append(problem) }
    }

    /// Writes the report.
    public func end(_ summary: PlanSummary) throws {
        guard let header else { return }
        if output.isUntouched { try output.write(Self.head(title: "s3prune: \(header.bucket)")) }
        try output.write("<main>\n" + title(header, summary) + origin(header))
        try output.write(problemSection(summary))
        try output.write("<h2>By rule</h2>\n" + ruleTable(header, summary))
        try writeSection(
            isApplied ? "To delete" : "Would be deleted", deletions, cut: cutDeletions,
            noun: "deletion", empty: "Nothing.")
        try writeSection("Kept", kept, cut: cutKeys, noun: "key", empty: "No keys.")
        try output.write("</main>\n")
    }

    /// Up to the first report; the end tags of `body` and `html` may be left out.
    private static func head(title: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <meta name="referrer" content="no-referrer">
        <title>\(HTMLText.escaped(title))</title>
        <style>
        \(htmlStyle)
        </style>
        </head>
        <body>

        """
    }

    private func title(_ header: PlanHeader, _ summary: PlanSummary) -> String {
        var name = HTMLText.escaped(header.bucket)
        if !header.prefix.isEmpty { name += "/" + HTMLText.code(header.prefix) }
        let totals = summary.totals
        let verdict = summary.verdict(of: header, isApplied: isApplied)
        let says = verdict.drop { $0 != ":" }.dropFirst(2)
        var text = "<h1>\(name)</h1>\n<p class=\"verdict\">\(HTMLText.escaped(String(says)))</p>\n"
        text += "<div class=\"tiles\">"
        let held = Quantity.count(totals.keys, "key")
        text += Self.tile("", totals.versions, "versions of \(held)", totals.bytes)
        text += Self.tile("keep", totals.keep, "kept", nil)
        text += Self.tile("hold", totals.hold, "held back", nil)
        text += Self.tile(
            "gone", totals.delete, isApplied ? "to delete" : "would be deleted",
            totals.bytesDeleted)
        return text + "</div>\n" + Self.bar(totals)
    }

    private static func tile(
        _ kind: String, _ number: Int, _ words: String, _ bytes: Int64?
    ) -> String {
        let size = bytes.map { ", " + Quantity.bytes($0) } ?? ""
        return "<div class=\"tile \(kind)\"><b>\(Quantity.grouped(number))</b>"
            + "<span>\(words)\(size)</span></div>"
    }

    /// Kept, held and deleted as parts of one bar, in tenths of a percent.
    private static func bar(_ totals: Totals) -> String {
        guard totals.versions > 0 else { return "" }
        let parts = [("keep", totals.keep), ("hold", totals.hold), ("gone", totals.delete)]
        let pieces = parts.filter { $0.1 > 0 }.map { kind, number in
            let tenths = Int(Double(number) / Double(totals.versions) * 1000)
            return "<i class=\"\(kind)\" style=\"flex:\(max(1, tenths))\"></i>"
        }
        return "<div class=\"bar\">\(pieces.joined())</div>\n"
    }

    private func origin(_ header: PlanHeader) -> String {
        let place = header.endpoint ?? (header.isOffline ? "a saved listing" : "the bucket")
        let rows = [
            ("policy", header.policy), ("its SHA-256", header.policySHA256), ("listing", place),
            ("as of", header.now.rfc3339), ("days of", header.timezone),
        ]
        let lines = rows.map { "<dt>\($0.0)</dt><dd>\(HTMLText.escaped($0.1))</dd>\n" }
        return "<dl>\n\(lines.joined())</dl>\n"
    }

    private func problemSection(_ summary: PlanSummary) -> String {
        guard summary.problems > 0 else { return "" }
        var text = "<h2>Problems</h2>\n"
        for problem in problems {
            let key = problem.key.map { " " + HTMLText.code($0) } ?? ""
            text += "<div class=\"problem\"><b>\(problem.code.rawValue)</b>\(key)"
            text += "<p>\(HTMLText.escaped(problem.message))</p>"
            text += "<p class=\"do\">\(HTMLText.escaped(problem.hint))</p></div>\n"
        }
        return text + more(summary.problems - problems.count, "problem")
    }

    private func ruleTable(_ header: PlanHeader, _ summary: PlanSummary) -> String {
        var rows = zip(header.ruleNames, summary.rules).map { Self.row(HTMLText.escaped($0), $1) }
        if summary.unmatched.keys > 0 {
            rows.append(Self.row("<span class=\"soft\">no rule: kept</span>", summary.unmatched))
        }
        if rows.count > 1 { rows.append(Self.row("<b>total</b>", summary.totals)) }
        let titles = ["keys", "versions", "size", "keep", "hold", "delete", "frees"]
        return HTMLText.table([("rule", false)] + titles.map { ($0, true) }, rows)
    }

    private static func row(_ name: String, _ totals: Totals) -> [String] {
        [
            name, Quantity.grouped(totals.keys), Quantity.grouped(totals.versions),
            Quantity.bytes(totals.bytes), Quantity.grouped(totals.keep),
            Quantity.grouped(totals.hold), Quantity.grouped(totals.delete),
            Quantity.bytes(totals.bytesDeleted),
        ]
    }

    private func writeSection(
        _ title: String, _ text: SpillBuffer, cut: Int, noun: String, empty: String
    ) throws {
        try output.write("<h2>\(title)</h2>\n")
        if text.count == 0, cut == 0 { try output.write("<p class=\"soft\">\(empty)</p>\n") }
        try text.forEachBlock { try output.write($0) }
        try output.write(more(cut, noun))
    }

    private func more(_ count: Int, _ noun: String) -> String {
        guard count > 0 else { return "" }
        return "<p class=\"soft\">… and \(Quantity.count(count, "more " + noun)) (--verbose)</p>\n"
    }
}

internal import CivilTime
public import Console
internal import Retention

/// The plan as a table for spreadsheets (`--format csv`): a header line, a record for each version
/// in listing order, then one for each problem, then one that sums up.
///
/// Every record has the same fields; `type` tells what it is (`version`, `problem`, `summary`). A
/// table without its `summary` record is not a plan: the listing or the writing failed. Texts are
/// written as ``CSVRecord`` says, so that no spreadsheet executes a key.
public final class CSVReport: PlanSink {
    private let output: ByteWriter
    private let problems = SpillBuffer(memoryLimit: 1 << 20)
    private var record = CSVRecord()
    private var header: PlanHeader?

    /// The names of the fields, in their order.
    static let fields = [
        "type", "bucket", "key", "version_id", "last_modified", "size", "etag", "is_latest",
        "delete_marker", "rule", "action", "reasons", "keep_until", "code", "message", "hint",
    ]

    /// A report that goes to `output`, which the caller finishes.
    public init(output: ByteWriter) { self.output = output }

    /// Writes the header line.
    public func begin(_ header: PlanHeader) throws {
        self.header = header
        for field in Self.fields { record.add(word: field) }
        try output.write(record.take())
    }

    /// Writes a record for each version.
    public func add(_ key: KeyPlan) throws {
        for index in 0..<key.versions.count { try write(index, of: key) }
        for problem in key.problems { try add(problem) }
    }

    /// Collects a problem.
    public func add(_ problem: Problem) throws {
        begin("problem")
        record.add(text: problem.key ?? [])
        record.skip(10)
        record.add(word: problem.code.rawValue)
        record.add(text: problem.message)
        record.add(text: problem.hint)
        try problems.append(record.take())
    }

    /// Writes the problems and the record that ends the table.
    public func end(_ summary: PlanSummary) throws {
        guard let header else { return }
        try problems.forEachBlock { try output.write($0) }
        begin("summary")
        record.skip(12)
        let totals = summary.totals
        var text = "\(totals.versions) versions of \(totals.keys) keys: keep \(totals.keep), "
        text += "delete \(totals.delete) (\(totals.bytesDeleted) B), hold \(totals.hold); "
        text += "\(summary.problems) problems; policy \(header.policy) "
        text += "(SHA-256 \(header.policySHA256)), as of \(header.now.rfc3339), "
        text += "days of \(header.timezone)"
        record.add(text: text)
        record.add(text: summary.isExpected ? "" : summary.refused ?? "")
        try output.write(record.take())
    }

    private func begin(_ type: String) {
        record.add(word: type)
        record.add(text: header?.bucket ?? "")
    }

    private func write(_ index: Int, of key: KeyPlan) throws {
        let version = key.versions.versions[index]
        let decision = key.decision(at: index)
        begin("version")
        record.add(text: key.key)
        record.add(text: try key.versions.versionID(at: index))
        record.add(word: version.modified.rfc3339)
        record.add(word: version.isMarker ? "" : String(version.size))
        record.add(text: version.isMarker ? [] : try key.versions.etag(at: index))
        record.add(word: String(version.isLatest))
        record.add(word: String(version.isMarker))
        record.add(text: key.ruleName ?? "")
        record.add(word: decision.action.word)
        record.add(text: try reasons(decision.reasons, of: key))
        switch decision.keepUntil {
        case .none: record.skip()
        case .never: record.add(word: "never")
        case .at(let end): record.add(word: end.rfc3339)
        }
        record.skip(3)
        try output.write(record.take())
    }

    /// `current; daily 2026-11-22`, of a deleted version `daily 2026-11-22 held by ID; last full 3`.
    private func reasons(_ reasons: [Reason], of key: KeyPlan) throws -> [UInt8] {
        var text: [UInt8] = []
        for reason in reasons {
            if !text.isEmpty { text += "; ".utf8 }
            text += reason.code.rawValue.utf8
            if let period = reason.period, let kind = reason.code.periodKind, let header {
                text += " \(header.calendar.name(of: kind, period))".utf8
            }
            if let holder = reason.holder {
                text += " held by ".utf8
                text += try key.versions.versionID(at: holder)
            }
            if let full = reason.full { text += " full \(full)".utf8 }
        }
        return text
    }
}

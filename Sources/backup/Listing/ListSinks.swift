import CivilTime
import Console

/// A form of the list. Two conform: a table and lines of JSON.
protocol ListSink: AnyObject {
    /// Takes the next version; those of a key follow one another, newest first.
    func add(_ version: ListedVersion, of key: [UInt8]) throws
    /// Takes the totals, after the last version.
    func end(_ totals: ListTotals) throws
}

/// The list as a table. The key stands last, as it may be of any length.
final class ListTable: ListSink {
    private let output: ByteWriter
    private let now: Timestamp
    private let showsVersions: Bool
    private var hasHead = false

    init(output: ByteWriter, now: Timestamp, showsVersions: Bool) {
        self.output = output
        self.now = now
        self.showsVersions = showsVersions
    }

    func add(_ version: ListedVersion, of key: [UInt8]) throws {
        if !hasHead { try row("MODIFIED", "AGE", "SIZE", "STATE", "VERSION ID", "KEY") }
        hasHead = true
        let state = (version.isLatest ? "current" : "") + (version.isMarker ? " marker" : "")
        try row(
            Timestamp(seconds: version.modified.seconds).rfc3339,
            Self.age(from: version.modified, to: now),
            version.isMarker ? "-" : Quantity.bytes(version.size),
            state.hasPrefix(" ") ? String(state.dropFirst()) : state,
            PrintableText.escape(version.id), PrintableText.escape(key))
    }

    func end(_ totals: ListTotals) throws {
        guard hasHead else { return }
        var text = Quantity.count(totals.keys, "key")
        if showsVersions {
            text += ", " + Quantity.count(totals.versions, "version")
            if totals.markers > 0 { text += ", " + Quantity.count(totals.markers, "delete marker") }
        }
        try output.write("\n\(text), \(Quantity.bytes(totals.bytes))\n")
    }

    private func row(
        _ modified: String, _ age: String, _ size: String, _ state: String, _ id: String,
        _ key: String
    ) throws {
        var cells = [
            Self.padded(modified, to: 20), Self.padded(age, to: 7, onLeft: true),
            Self.padded(size, to: 10, onLeft: true),
        ]
        if showsVersions { cells.append(Self.padded(state, to: 14)) }
        cells += [Self.padded(id, to: 32), key]
        try output.write(cells.joined(separator: "  ") + "\n")
    }

    private static func padded(_ text: String, to width: Int, onLeft: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, width - PrintableText.width(text)))
        return onLeft ? space + text : text + space
    }

    /// The age in one unit, rounded down: `59 s`, `3 min`, `47 h`, `12 d`.
    static func age(from modified: Timestamp, to now: Timestamp) -> String {
        let seconds = Int(now.seconds - modified.seconds)
        switch seconds {
        case ..<0: return "future"
        case ..<60: return "\(seconds) s"
        case ..<3600: return "\(seconds / 60) min"
        case ..<172_800: return "\(seconds / 3600) h"
        default: return Quantity.grouped(seconds / 86_400) + " d"
        }
    }
}

/// The list as JSON Lines.
final class ListLines: ListSink {
    private let output: ByteWriter
    private let now: Timestamp
    private var line = JSONLine()

    init(output: ByteWriter, now: Timestamp) {
        self.output = output
        self.now = now
    }

    func add(_ version: ListedVersion, of key: [UInt8]) throws {
        line.add("key", key)
        line.add("version_id", version.id)
        line.add("last_modified", version.modified.rfc3339)
        line.add("age_seconds", Int(now.seconds - version.modified.seconds))
        line.add("size", Int(version.size))
        if version.isMarker { line.addNull("etag") } else { line.add("etag", version.etag) }
        line.add("is_latest", version.isLatest)
        line.add("delete_marker", version.isMarker)
        try output.write(line.take())
    }

    func end(_ totals: ListTotals) {}
}

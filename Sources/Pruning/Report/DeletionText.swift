internal import CivilTime
internal import Console
internal import Retention

/// What expires of one key, why, and who holds the slots instead.
///
/// Versions that follow each other and expire for the same reasons share a line.
struct DeletionText {
    let key: KeyPlan
    let header: PlanHeader
    let detail: TextReport.Detail

    /// Expired versions in a row with the same reasons, by index.
    private struct Group {
        var indices: [Int]
        var why: String
        var bytes: Int64
    }

    func lines() throws -> [String] {
        let groups = try grouped()
        guard !groups.isEmpty else { return [] }
        let count = groups.reduce(0) { $0 + $1.indices.count }
        let bytes = groups.reduce(Int64(0)) { $0.addingSaturated($1.bytes) }
        var lines = wrappedLines(
            "  \(PrintableText.escape(key.key)): \(Quantity.count(count, "version")), "
                + "\(Quantity.bytes(bytes))", indent: 4)
        for group in groups { lines += try self.lines(of: group) }
        return lines
    }

    private func grouped() throws -> [Group] {
        let versions = key.versions.versions
        let expired = versions.indices.filter { key.action(at: $0) == .delete }
            .sorted { versions[$0].modified > versions[$1].modified }
        var groups: [Group] = []
        for index in expired {
            let why = self.why(key.decision(at: index))
            let size = versions[index].size
            if detail == .brief, let last = groups.last, last.why == why {
                groups[groups.count - 1].indices.append(index)
                groups[groups.count - 1].bytes = last.bytes.addingSaturated(size)
            } else {
                groups.append(Group(indices: [index], why: why, bytes: size))
            }
        }
        return groups
    }

    private func lines(of group: Group) throws -> [String] {
        let versions = key.versions.versions
        let newest = group.indices[0]
        let oldest = group.indices[group.indices.count - 1]
        var title: String
        if group.indices.count == 1 {
            let id = PrintableText.escape(try key.versions.versionID(at: newest))
            title = "\(local(versions[newest].modified)) \(id)"
            if versions[newest].isMarker { title += " (delete marker)" }
        } else {
            title = "\(day(versions[oldest].modified)) to \(day(versions[newest].modified))"
            title += ", \(Quantity.count(group.indices.count, "version"))"
        }
        title += ", \(Quantity.bytes(group.bytes))"
        return wrappedLines("    " + title, indent: 6)
            + wrappedLines("      " + group.why, indent: 6)
    }

    /// The reasons in words: what is full, then who holds which slot.
    private func why(_ decision: Decision) -> String {
        var full: [String] = []
        var held: [String] = []
        for reason in decision.reasons {
            if reason.code == .within {
                held.append("older than the window")
            } else if let holder = reason.holder {
                let date = local(key.versions.versions[holder].modified)
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
        return held.isEmpty ? "no rule keeps it" : held.joined(separator: "; ")
    }

    private func periodName(_ reason: Reason) -> String {
        guard let kind = reason.code.periodKind, let period = reason.period else {
            return reason.code.rawValue
        }
        return header.calendar.name(of: kind, period)
    }

    private func day(_ instant: Timestamp) -> String { String(local(instant).prefix(10)) }

    private func local(_ instant: Timestamp) -> String {
        header.calendar.localText(of: instant)
    }
}

/// What is kept of one key, by rule.
struct KeptText {
    let key: KeyPlan

    func lines() -> [String] {
        var counts: [ReasonCode: Int] = [:]
        var kept = 0
        var held = 0
        for index in 0..<key.versions.count where key.action(at: index) != .delete {
            let decision = key.decision(at: index)
            if decision.action == .keep { kept += 1 } else { held += 1 }
            for code in Set(decision.reasons.map(\.code)) { counts[code, default: 0] += 1 }
        }
        var text = "  \(PrintableText.escape(key.key)): \(Quantity.grouped(kept)) kept"
        if held > 0 { text += ", \(Quantity.grouped(held)) held" }
        text += " of \(Quantity.grouped(key.versions.count))"
        let reasons = ReasonCode.allCases.compactMap { code in
            counts[code].map { "\(code.rawValue) \(Quantity.grouped($0))" }
        }
        return wrappedLines(text, indent: 4)
            + wrappedLines("    " + reasons.joined(separator: ", "), indent: 4)
    }
}

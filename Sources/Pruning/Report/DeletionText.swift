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

    /// Expired versions in a row with the same reasons, newest first.
    struct Group {
        /// Their indices.
        var indices: [Int]
        /// Who holds which slot instead, and which rules are full.
        var why: String
        /// Their bytes.
        var bytes: Int64
    }

    func lines() throws -> [String] {
        let groups = grouped()
        guard !groups.isEmpty else { return [] }
        let count = groups.reduce(0) { $0 + $1.indices.count }
        let bytes = groups.reduce(Int64(0)) { $0.addingSaturated($1.bytes) }
        var lines = wrappedLines(
            "  \(PrintableText.escape(key.key)): \(Quantity.count(count, "version")), "
                + "\(Quantity.bytes(bytes))", indent: 4)
        for group in groups { lines += try self.lines(of: group) }
        return lines
    }

    /// What expires, newest first; with full detail each version is a group of its own.
    func grouped() -> [Group] {
        let versions = key.versions.versions
        let reasons = ReasonText(key: key, calendar: header.calendar)
        let expired = versions.indices.filter { key.action(at: $0) == .delete }
            .sorted { versions[$0].modified > versions[$1].modified }
        var groups: [Group] = []
        for index in expired {
            let why = reasons.whyExpired(key.decision(at: index)).joined(separator: "; ")
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

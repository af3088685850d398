internal import CivilTime
internal import Console
internal import Retention

/// What an HTML report says of one key.
struct HTMLKey {
    let key: KeyPlan
    let header: PlanHeader
    let detail: TextReport.Detail

    /// What expires and who holds the slots instead, and the number of rows; empty without any.
    func deletions() throws -> (String, rows: Int) {
        let groups = DeletionText(key: key, header: header, detail: detail).grouped()
        guard !groups.isEmpty else { return ("", 0) }
        let count = groups.reduce(0) { $0 + $1.indices.count }
        let bytes = groups.reduce(Int64(0)) { $0.addingSaturated($1.bytes) }
        let rows = try groups.map { group in
            let versions = Quantity.grouped(group.indices.count)
            return [
                try dates(of: group), versions, Quantity.bytes(group.bytes), phrases(group.why),
            ]
        }
        let titles = [("stored", false), ("versions", true), ("size", true), ("why", false)]
        return (
            title("\(Quantity.count(count, "version")), \(Quantity.bytes(bytes))")
                + HTMLText.table(titles, rows), rows.count
        )
    }

    /// The versions that stay, newest first, what keeps them and until when; those that are held
    /// in one row a reason.
    func kept() throws -> (String, rows: Int) {
        var rows: [[String]] = []
        var kept = 0
        var held: [(reasons: String, count: Int, bytes: Int64)] = []
        for index in key.newestFirst {
            let decision = key.decision(at: index)
            let size = key.versions.versions[index].size
            switch decision.action {
            case .delete: continue
            case .keep:
                kept += 1
                rows.append(try row(index, decision))
            case .hold:
                let reasons = chips(decision.reasons)
                if let known = held.firstIndex(where: { $0.reasons == reasons }) {
                    held[known].count += 1
                    held[known].bytes = held[known].bytes.addingSaturated(size)
                } else {
                    held.append((reasons, 1, size))
                }
            }
        }
        for group in held {
            let count = Quantity.count(group.count, "version")
            rows.append(["\(count) held", Quantity.bytes(group.bytes), group.reasons, ""])
        }
        let holds = held.reduce(0) { $0 + $1.count }
        var text = "\(Quantity.grouped(kept)) kept"
        if holds > 0 { text += ", \(Quantity.grouped(holds)) held" }
        let titles = [
            ("stored", false), ("size", true), ("kept by", false), ("until", false),
        ]
        return (
            title(text + " of \(Quantity.grouped(key.versions.count))")
                + HTMLText.table(titles, rows), rows.count
        )
    }

    private func title(_ words: String) -> String {
        "<h3>\(HTMLText.code(key.key)) <small>\(words)</small></h3>\n"
    }

    private func row(_ index: Int, _ decision: Decision) throws -> [String] {
        let version = key.versions.versions[index]
        var stored = time(version.modified)
        if detail == .full { stored += " " + HTMLText.code(try key.versions.versionID(at: index)) }
        let until =
            switch decision.keepUntil {
            case .at(let end): time(end)
            case .never: "for ever"
            case .none: ""
            }
        return [
            stored, version.isMarker ? "marker" : Quantity.bytes(version.size),
            chips(decision.reasons), until,
        ]
    }

    private func dates(of group: DeletionText.Group) throws -> String {
        let versions = key.versions.versions
        let newest = group.indices[0]
        guard let oldest = group.indices.last, oldest != newest else {
            let id = HTMLText.code(try key.versions.versionID(at: newest))
            let marker = versions[newest].isMarker ? " marker" : ""
            return time(versions[newest].modified) + marker + (detail == .full ? " " + id : "")
        }
        return "<span class=\"span\">\(day(versions[oldest].modified)) to "
            + "\(day(versions[newest].modified))</span>"
    }

    private func chips(_ reasons: [Reason]) -> String {
        reasons.map { reason in
            var text = reason.code.rawValue
            if let kind = reason.code.periodKind, let period = reason.period {
                text += " " + header.calendar.name(of: kind, period)
            }
            return "<span class=\"why\">\(HTMLText.escaped(text))</span>"
        }.joined(separator: " ")
    }

    private func phrases(_ why: String) -> String {
        why.split(separator: ";").map { phrase in
            "<span class=\"why\">\(HTMLText.escaped(String(phrase.drop { $0 == " " })))</span>"
        }.joined(separator: " ")
    }

    private func time(_ instant: Timestamp) -> String {
        "<time datetime=\"\(instant.rfc3339)\">\(header.calendar.localText(of: instant))</time>"
    }

    private func day(_ instant: Timestamp) -> String {
        "<time datetime=\"\(instant.rfc3339)\">"
            + "\(header.calendar.localText(of: instant).prefix(10))</time>"
    }
}

internal import Console

/// The table of a report: one row a rule, then the keys that no rule matches, then all.
struct RuleTable {
    let header: PlanHeader
    let summary: PlanSummary

    private static let titles = [
        "rule", "keys", "versions", "size", "keep", "hold", "delete", "frees",
    ]

    func lines() -> [String] {
        var rows = [Self.titles]
        for (name, totals) in zip(header.ruleNames, summary.rules) {
            rows.append(row(PrintableText.escape(name), totals))
        }
        if summary.unmatched.keys > 0 { rows.append(row("(no rule: kept)", summary.unmatched)) }
        if rows.count > 2 { rows.append(row("total", summary.totals)) }
        return aligned(rows)
    }

    private func row(_ name: String, _ totals: Totals) -> [String] {
        [
            name, Quantity.grouped(totals.keys), Quantity.grouped(totals.versions),
            Quantity.bytes(totals.bytes), Quantity.grouped(totals.keep),
            Quantity.grouped(totals.hold), Quantity.grouped(totals.delete),
            Quantity.bytes(totals.bytesDeleted),
        ]
    }

    /// Columns as wide as their widest cell; a name that leaves no room is cut with an ellipsis.
    private func aligned(_ rows: [[String]]) -> [String] {
        let widths = Self.titles.indices.map { column in
            rows.map { PrintableText.width($0[column]) }.max() ?? 0
        }
        let numbers = widths.dropFirst().reduce(0) { $0 + $1 + 2 }
        let nameWidth = min(widths[0], max(8, reportColumns - 2 - numbers))
        return rows.map { row in
            var line = "  " + padded(row[0], to: nameWidth)
            for (cell, width) in zip(row, widths).dropFirst() {
                line += String(repeating: " ", count: 2 + width - PrintableText.width(cell)) + cell
            }
            return line
        }
    }

    private func padded(_ text: String, to width: Int) -> String {
        var text = text
        if PrintableText.width(text) > width {
            while PrintableText.width(text) > width - 1 { text.removeLast() }
            text += "…"
        }
        return text + String(repeating: " ", count: max(0, width - PrintableText.width(text)))
    }
}

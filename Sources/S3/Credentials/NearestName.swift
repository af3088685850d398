/// The name that was probably meant: the one with the fewest edits, if they are at most a third
/// of its length (at least one).
func nearestName(to name: String, among names: [String]) -> String? {
    names.map { (name: $0, edits: edits(from: name, to: $0)) }
        .filter { $0.edits <= max(1, $0.name.count / 3) }
        .min { ($0.edits, $0.name) < ($1.edits, $1.name) }?.name
}

/// Insertions, deletions, replacements and exchanges of neighbours that turn one text into the
/// other, without regard to case.
private func edits(from first: String, to second: String) -> Int {
    let first = Array(first.lowercased())
    let second = Array(second.lowercased())
    var rows = [Array(0...second.count)]
    for (index, character) in first.enumerated() {
        var row = [index + 1]
        for (other, candidate) in second.enumerated() {
            var cost = min(
                rows[index][other] + (character == candidate ? 0 : 1),
                rows[index][other + 1] + 1, row[other] + 1)
            if index > 0, other > 0, character == second[other - 1],
                first[index - 1] == candidate
            {
                cost = min(cost, rows[index - 1][other - 1] + 1)
            }
            row.append(cost)
        }
        rows.append(row)
    }
    return rows[first.count][second.count]
}

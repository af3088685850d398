internal import Console

/// The widest line of a report.
let reportColumns = 80

/// Breaks a text into lines of at most 80 columns, the later ones indented.
///
/// It breaks at spaces, and inside a word that is longer than a line.
func wrappedLines(_ text: String, indent: Int, columns: Int = reportColumns) -> [String] {
    var lines: [String] = []
    let leading = text.prefix { $0 == " " }
    var line = String(leading)
    var isEmpty = true
    let margin = String(repeating: " ", count: indent)
    for word in text.dropFirst(leading.count).split(
        separator: " ", omittingEmptySubsequences: false)
    {
        var rest = Substring(word)
        let gap = isEmpty ? 0 : 1
        if PrintableText.width(line) + gap + PrintableText.width(String(rest)) > columns, !isEmpty {
            lines.append(line)
            line = margin
            isEmpty = true
        }
        if !isEmpty { line += " " }
        while PrintableText.width(line) + PrintableText.width(String(rest)) > columns {
            let room = max(1, columns - PrintableText.width(line))
            let piece = head(of: rest, columns: room)
            lines.append(line + piece)
            rest = rest.dropFirst(piece.count)
            line = margin
        }
        line += rest
        isEmpty = false
    }
    lines.append(line)
    return lines
}

/// As ``wrappedLines(_:indent:columns:)``, each line ended.
func wrapped(_ text: String, indent: Int) -> String {
    wrappedLines(text, indent: indent).map { $0 + "\n" }.joined()
}

/// Phrases with semicolons between them, broken between phrases wherever each fits a line.
func wrapped(phrases: [String], indent: Int) -> String {
    let margin = String(repeating: " ", count: indent)
    var lines: [String] = []
    for (index, phrase) in phrases.enumerated() {
        let piece = phrase + (index < phrases.count - 1 ? ";" : "")
        if let last = lines.last,
            PrintableText.width(last) + 1 + PrintableText.width(piece) <= reportColumns
        {
            lines[lines.count - 1] += " " + piece
        } else {
            lines += wrappedLines(margin + piece, indent: indent)
        }
    }
    return lines.map { $0 + "\n" }.joined()
}

/// The longest start of a word that fits, at least one character.
private func head(of word: Substring, columns: Int) -> Substring {
    var used = 0
    var end = word.startIndex
    while end < word.endIndex {
        let width = PrintableText.width(String(word[end]))
        if used + width > columns, end > word.startIndex { break }
        used += width
        end = word.index(after: end)
    }
    return word[..<end]
}

/// Commands of a report: whole words, continued with a backslash, so that they can be pasted.
public enum CommandText {
    static func wrapped(_ command: String) -> String {
        let lines = wrappedLines("  " + command, indent: 6, columns: reportColumns - 2)
        return lines.joined(separator: " \\\n") + "\n"
    }

    /// A word as a POSIX shell reads it back.
    public static func quoted(_ word: String) -> String {
        let plain = word.utf8.allSatisfy {
            ($0 >= 0x61 && $0 <= 0x7a) || ($0 >= 0x40 && $0 <= 0x5a) || ($0 >= 0x2b && $0 <= 0x3a)
                || $0 == 0x5f || $0 == 0x3d
        }
        if plain, !word.isEmpty { return word }
        return ShellText.quoted(word)
    }
}

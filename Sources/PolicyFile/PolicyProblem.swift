import Console

/// One thing that is wrong with a policy file, and where.
public struct PolicyProblem: Error, Hashable, Sendable {
    /// How bad it is.
    public enum Severity: String, Hashable, Sendable {
        /// The file is refused.
        case error
        /// The file is taken, but probably does not do what was meant.
        case warning
    }

    /// How bad it is.
    public var severity: Severity
    /// The path as it was given.
    public var file: String
    /// Counted from 1; 0 if the problem is the file and not one of its lines.
    public var line: Int
    /// Counted in characters (Unicode scalars) from 1; 0 if the problem is the file.
    public var column: Int
    /// What is wrong: lowercase, no final period.
    public var message: String
    /// The cure, where one is known.
    public var hint: String?
    /// The line itself, without its end; nil if the problem is the file.
    public var sourceLine: String?

    /// A problem of a whole file.
    init(_ severity: Severity = .error, file: String, _ message: String, hint: String? = nil) {
        self.severity = severity
        self.file = file
        line = 0
        column = 0
        self.message = message
        self.hint = hint
    }

    /// `FILE:LINE:COLUMN: error: …`, then the line, a caret below the column, and the hint, each
    /// indented by four spaces; no line end after the last.
    ///
    /// Nothing in it can move a terminal's cursor. Of a long line only the part around the column
    /// is shown.
    public var rendering: String {
        var place = Printable.line(file)
        if line > 0 { place += ":\(line):\(column)" }
        var result = "\(place): \(severity.rawValue): \(message)"
        if let sourceLine {
            let (text, padding) = Printable.excerpt(of: sourceLine, column: column)
            result += "\n    \(text)\n    \(padding)^"
        }
        if let hint { result += "\n    hint: \(hint)" }
        return result
    }
}

/// Everything that is wrong with one or more policy files; never empty.
public struct PolicyProblems: Error, Sendable {
    /// In order of their lines, file by file.
    public var problems: [PolicyProblem]

    /// Several files' problems as one error.
    public init(_ problems: [PolicyProblem]) {
        self.problems = problems
    }

    /// The renderings of all problems, a line end between them.
    public var rendering: String {
        problems.map(\.rendering).joined(separator: "\n")
    }
}

/// Words of a policy file on a terminal.
enum Printable {
    /// The longest line that is shown whole.
    private static let longest = 120

    /// Text in which nothing but visible characters is left.
    ///
    /// A backslash stays one, because policies are full of them.
    static func line(_ text: some StringProtocol) -> String {
        text.unicodeScalars.map(visible).joined()
    }

    /// A word in quotation marks, cut if it is long.
    static func quoted(_ text: some StringProtocol) -> String {
        let scalars = text.unicodeScalars
        let shown = line(String(String.UnicodeScalarView(scalars.prefix(40))))
        return scalars.count > 40 ? "'\(shown)…'" : "'\(shown)'"
    }

    /// The line and what stands before the caret below its column; tabs stay tabs in both.
    static func excerpt(of line: String, column: Int) -> (text: String, padding: String) {
        let scalars = Array(line.unicodeScalars)
        let caret = min(max(column - 1, 0), scalars.count)
        let reach = scalars.count > longest ? longest / 2 : longest
        let start = max(0, caret - reach)
        let end = min(scalars.count, caret + reach)
        var text = start > 0 ? "…" : ""
        var padding = start > 0 ? " " : ""
        for index in start..<end {
            let shown = scalars[index] == "\t" ? "\t" : visible(scalars[index])
            text += shown
            guard index < caret else { continue }
            padding +=
                shown == "\t"
                ? "\t" : String(repeating: " ", count: PrintableText.width(shown))
        }
        return (end < scalars.count ? text + "…" : text, padding)
    }

    private static func visible(_ scalar: Unicode.Scalar) -> String {
        scalar == "\\" ? "\\" : PrintableText.escape(String(Character(scalar)))
    }
}

import CivilTime
import Retention
import Yams

extension Reader {
    /// A text. What YAML itself takes for a number, a date or a truth value must be quoted.
    func text(
        _ node: Node, _ name: String, _ expected: String = "a text", hint: String? = nil
    ) -> Node.Scalar? {
        guard let scalar = scalar(node, name, expected, hint: hint) else { return nil }
        switch Plain(scalar) {
        case .text: return scalar
        case .null, .boolean, .number, .date:
            report(
                place(of: node), "'\(name)' must be \(expected), not the bare \(kind(of: node))",
                hint: hint ?? "write it in quotes: \"\(Printable.line(scalar.string))\"")
            return nil
        }
    }

    /// A text of one line that is not empty.
    func line(_ node: Node, _ name: String, longest: Int = 1024) -> String? {
        guard let scalar = text(node, name) else { return nil }
        let bytes = scalar.string.utf8.count
        guard bytes > 0 else {
            report(place(of: node), "'\(name)' is empty")
            return nil
        }
        guard bytes <= longest else {
            report(place(of: node), "'\(name)' is longer than \(longest) bytes")
            return nil
        }
        guard
            !scalar.string.unicodeScalars.contains(where: {
                $0.properties.generalCategory == .control
            })
        else {
            report(place(of: node), "'\(name)' holds a line end or a control character")
            return nil
        }
        return scalar.string
    }

    /// One of a few words.
    func word<Value>(_ node: Node, _ name: String, _ values: [(String, Value)]) -> Value? {
        let words = values.map { "'\($0.0)'" }
        let expected = words.dropLast().joined(separator: ", ") + " or " + words.last!
        guard let scalar = scalar(node, name, expected) else { return nil }
        if let value = values.first(where: { $0.0 == scalar.string }) { return value.1 }
        let near = Suggestion.nearest(to: scalar.string, among: values.map(\.0))
        report(
            place(of: node),
            "'\(name)' must be \(expected), not \(Printable.quoted(scalar.string))",
            hint: near.map { "did you mean '\($0)'?" })
        return nil
    }

    /// `true` or `false`.
    func truth(_ node: Node, _ name: String) -> Bool? {
        let expected = "'true' or 'false'"
        guard let scalar = scalar(node, name, expected) else { return nil }
        if scalar.style == .plain, scalar.string == "true" { return true }
        if scalar.style == .plain, scalar.string == "false" { return false }
        let meant: Bool? =
            switch scalar.string.lowercased() {
            case "true", "yes", "on", "y": true
            case "false", "no", "off", "n": false
            default: nil
            }
        let shown = scalar.style == .plain ? kind(of: node) : "a text in quotes"
        report(
            place(of: node), "'\(name)' must be \(expected), not \(shown)",
            hint: meant.map { "write \($0)" })
        return nil
    }

    /// A whole number within a range.
    func number(
        _ node: Node, _ name: String, _ range: ClosedRange<Int>,
        expected: String = "a whole number", tooSmall: String? = nil, tooLarge: String? = nil
    ) -> Int? {
        guard let scalar = scalar(node, name, expected) else { return nil }
        let text = scalar.string
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        guard !digits.isEmpty,
            digits.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 })
        else {
            let isFraction = Plain(scalar) == .number
            report(
                place(of: node), "'\(name)' must be \(expected), not \(kind(of: node))",
                hint: isFraction ? "digits only, to base ten" : nil)
            return nil
        }
        guard scalar.style == .plain else {
            report(
                place(of: node), "'\(name)' must be \(expected), not a text",
                hint: "write \(Printable.line(text)) without quotes")
            return nil
        }
        guard digits == "0" || !digits.hasPrefix("0") else {
            report(
                place(of: node), "'\(name)' begins with 0, which some tools read to base eight",
                hint: "leave the leading 0 out")
            return nil
        }
        guard !text.hasPrefix("-"), let value = Int(text), value >= range.lowerBound else {
            if text.hasPrefix("-") || Int(text) != nil {
                report(
                    place(of: node), "'\(name)' must be at least \(range.lowerBound), not \(text)",
                    hint: tooSmall ?? (text == "0" ? "leave '\(name)' out to do without" : nil))
            } else {
                tooLargeNumber(node, name, range, tooLarge)
            }
            return nil
        }
        guard value <= range.upperBound else {
            tooLargeNumber(node, name, range, tooLarge)
            return nil
        }
        return value
    }

    private func tooLargeNumber(
        _ node: Node, _ name: String, _ range: ClosedRange<Int>, _ hint: String?
    ) {
        report(place(of: node), "'\(name)' must be at most \(range.upperBound)", hint: hint)
    }

    /// A count of versions or periods: at least 1, or `all`.
    func count(_ node: Node, _ name: String) -> Count? {
        if case .scalar(let scalar) = node, scalar.string == "all", isPlain(node) { return .all }
        return number(
            node, name, 1...1_000_000, expected: "a whole number or 'all'",
            tooLarge: "'all' keeps without a limit"
        ).map { .limited($0) }
    }

    /// A duration; `zero` tells what 0 means where it is refused.
    func duration(_ node: Node, _ name: String, zeroHint: String? = nil) -> CalendarDuration? {
        guard let scalar = scalar(node, name, "a duration", hint: "for example 48h, 14d"),
            let duration = value(of: scalar, node, name, DurationText.parse)
        else { return nil }
        if duration.isZero, let zeroHint {
            report(place(of: node), "'\(name)' must be longer than 0", hint: zeroHint)
            return nil
        }
        return duration
    }

    /// A size in bytes.
    func size(_ node: Node, _ name: String) -> Int64? {
        guard let scalar = scalar(node, name, "a size", hint: "for example 1KiB") else {
            return nil
        }
        return value(of: scalar, node, name, SizeText.parse)
    }

    /// A share in percent, at most 100%.
    func share(_ node: Node, _ name: String) -> Ratio? {
        guard let scalar = scalar(node, name, "a share", hint: "for example 50%") else {
            return nil
        }
        return value(of: scalar, node, name, ShareText.parse)
    }

    /// The value that a scalar's text stands for; a complaint is reported where it applies.
    func value<Value>(
        of scalar: Node.Scalar, _ node: Node, _ name: String,
        _ parse: (String) throws(Complaint) -> Value
    ) -> Value? {
        do {
            return try parse(scalar.string)
        } catch {
            report(
                place(in: scalar, node, offset: error.offset), "'\(name)': \(error.message)",
                hint: error.hint)
            return nil
        }
    }

    /// Where the byte at `offset` of a scalar's text stands in the file.
    ///
    /// Quotes and escapes are walked over. In a scalar of more than one line it is its start.
    func place(in scalar: Node.Scalar, _ node: Node, offset: Int) -> Place {
        let start = place(of: node)
        guard source.lines.indices.contains(start.line - 1) else { return start }
        let line = source.lines[start.line - 1].unicodeScalars.dropFirst(start.column - 1)
        var walker = ScalarWalker(line: Array(line), style: scalar.style)
        guard let distance = walker.column(ofByte: offset, in: scalar.string) else { return start }
        return Place(line: start.line, column: start.column + distance)
    }
}

/// Walks the source of a scalar of one line beside its value.
private struct ScalarWalker {
    let line: [Unicode.Scalar]
    let style: Node.Scalar.Style
    private var position = 0

    init(line: [Unicode.Scalar], style: Node.Scalar.Style) {
        self.line = line
        self.style = style
    }

    /// The distance in characters from the scalar's start to the byte at `offset` of its value.
    mutating func column(ofByte offset: Int, in value: String) -> Int? {
        switch style {
        case .plain: break
        case .singleQuoted, .doubleQuoted: position = 1
        case .any, .literal, .folded: return nil
        }
        var bytes = 0
        for scalar in value.unicodeScalars {
            if bytes >= offset { return position }
            guard step(over: scalar) else { return nil }
            bytes += UTF8.width(scalar)
        }
        return position <= line.count ? position : nil
    }

    /// Moves past the source of one character; false if the source is not what was expected.
    private mutating func step(over scalar: Unicode.Scalar) -> Bool {
        guard position < line.count else { return false }
        if style == .singleQuoted, scalar == "'" {
            position += 2
            return true
        }
        guard style == .doubleQuoted, line[position] == "\\" else {
            defer { position += 1 }
            return line[position] == scalar
        }
        guard position + 1 < line.count else { return false }
        switch line[position + 1] {
        case "x": position += 4
        case "u": position += 6
        case "U": position += 10
        default: position += 2
        }
        return true
    }
}

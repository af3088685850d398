public import CivilTime

/// Durations as a policy writes them: `48h`, `1d12h`, `6mo`; `0` is none.
enum DurationText {
    /// A duration longer than this says the same as one that never ends.
    static let longestYears = 1000

    private typealias Part = any WritableKeyPath<CalendarDuration, Int> & Sendable

    /// From the longest to the shortest, with how many of each go into `longestYears`.
    private static let units: [(name: String, part: Part, most: Int)] = [
        ("y", \.years, 1_000), ("mo", \.months, 12_000), ("w", \.weeks, 53_000),
        ("d", \.days, 366_000), ("h", \.hours, 8_784_000), ("min", \.minutes, 527_040_000),
    ]

    /// Words that are written for units elsewhere.
    private static let others = [
        "year": "y", "years": "y", "yr": "y", "yrs": "y", "a": "y", "month": "mo",
        "months": "mo", "mon": "mo", "week": "w", "weeks": "w", "wk": "w", "wks": "w",
        "day": "d", "days": "d", "hour": "h", "hours": "h", "hr": "h", "hrs": "h",
        "minute": "min", "minutes": "min", "mins": "min",
    ]

    static func parse(_ text: String) throws(Complaint) -> CalendarDuration {
        if text == "0" { return .zero }
        guard !text.hasPrefix("-") else { throw Complaint("a duration is never negative") }
        var scanner = ValueScanner(text)
        var result = CalendarDuration.zero
        var last = -1
        repeat {
            let start = scanner.position
            let digits = scanner.digits()
            guard !digits.isEmpty else {
                throw Complaint(
                    "a duration is a number and a unit", hint: "for example 48h, 14d, 1d12h, 6mo",
                    offset: start)
            }
            let unitStart = scanner.position
            let index = try unit(scanner.unit(), after: digits, offset: unitStart)
            guard index > last else {
                throw Complaint(
                    "'\(units[index].name)' after '\(units[last].name)'",
                    hint: "each unit at most once, the longest first: 1d12h", offset: start)
            }
            last = index
            result[keyPath: units[index].part] = try number(digits, of: index, offset: start)
        } while !scanner.isAtEnd
        return result
    }

    private static func number(
        _ digits: String, of index: Int, offset: Int
    ) throws(Complaint) -> Int {
        guard digits == "0" || !digits.hasPrefix("0") else {
            throw Complaint("a number that begins with 0", offset: offset)
        }
        guard let number = Int(digits), number <= units[index].most else {
            throw Complaint(
                "a duration of more than \(longestYears) years",
                hint: "'all' in place of a count keeps for ever", offset: offset)
        }
        return number
    }

    private static func unit(
        _ word: String, after digits: String, offset: Int
    ) throws(Complaint) -> Int {
        if let index = units.firstIndex(where: { $0.name == word }) { return index }
        switch word {
        case "":
            throw Complaint(
                "a number without a unit",
                hint: "for example \(digits)d for days, \(digits)h for hours",
                offset: offset)
        case "m", "M":
            throw Complaint(
                "'\(word)' could be minutes or months",
                hint: "write \(digits)min for minutes, \(digits)mo for months", offset: offset)
        case "s", "sec", "second", "seconds":
            throw Complaint(
                "durations have no seconds", hint: "the shortest unit is min", offset: offset)
        default: break
        }
        if word.contains(" ") || word.contains("\t") {
            throw Complaint(
                "a space in a duration", hint: "write it in one word: 14d, 1d12h", offset: offset)
        }
        if word.hasPrefix(".") || word.hasPrefix(",") {
            throw Complaint(
                "a duration with a fraction", hint: "whole numbers only, joined if need be: 1d12h",
                offset: offset)
        }
        let meant = others[word.lowercased()] ?? units.map(\.name).first { $0 == word.lowercased() }
        throw Complaint(
            "unknown unit \(Printable.quoted(word))",
            hint: meant.map { "did you mean '\(digits)\($0)'?" }
                ?? "the units are min, h, d, w, mo, y", offset: offset)
    }

    /// The duration as a policy writes it.
    static func text(of duration: CalendarDuration) -> String {
        let parts = units.compactMap { unit in
            let number = duration[keyPath: unit.part]
            return number == 0 ? nil : "\(number)\(unit.name)"
        }
        return parts.isEmpty ? "0" : parts.joined()
    }
}

extension CalendarDuration {
    /// A duration in the words of policy files, such as `36h`, `1d12h` or `0`; nil for any other
    /// text.
    public init?(text: String) {
        guard let duration = try? DurationText.parse(text) else { return nil }
        self = duration
    }
}

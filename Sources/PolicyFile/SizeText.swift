import Retention

/// Sizes as a policy writes them: `512B`, `1KiB`, `5TiB`; `0` is none.
enum SizeText {
    private static let units: [(name: String, shift: Int)] = [
        ("B", 0), ("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40),
    ]

    private static let others = [
        "k": "KiB", "kb": "KiB", "ki": "KiB", "m": "MiB", "mb": "MiB", "mi": "MiB",
        "g": "GiB", "gb": "GiB", "gi": "GiB", "t": "TiB", "tb": "TiB", "ti": "TiB",
        "byte": "B", "bytes": "B",
    ]

    static func parse(_ text: String) throws(Complaint) -> Int64 {
        if text == "0" { return 0 }
        var scanner = ValueScanner(text)
        let digits = scanner.digits()
        guard !digits.isEmpty else {
            throw Complaint("a size is a number and a unit", hint: "for example 512B, 1KiB, 20GiB")
        }
        guard digits == "0" || !digits.hasPrefix("0") else {
            throw Complaint("a number that begins with 0")
        }
        let offset = scanner.position
        let shift = try shift(of: scanner.unit(), after: digits, offset: offset)
        guard scanner.isAtEnd else {
            throw Complaint(
                "a size has one number and one unit", hint: "for example 1536MiB",
                offset: scanner.position)
        }
        guard let number = Int64(digits), number <= Int64.max >> shift else {
            throw Complaint("a size beyond \(Int64.max >> 40)TiB")
        }
        return number << shift
    }

    private static func shift(
        of word: String, after digits: String, offset: Int
    ) throws(Complaint) -> Int {
        if let unit = units.first(where: { $0.name == word }) { return unit.shift }
        switch word {
        case "":
            throw Complaint(
                "a number without a unit", hint: "for bytes write \(digits)B", offset: offset)
        case _ where word.contains(" "):
            throw Complaint(
                "a space in a size", hint: "write it in one word: 1KiB", offset: offset)
        case _ where word.hasPrefix(".") || word.hasPrefix(","):
            throw Complaint(
                "a size with a fraction",
                hint: "whole numbers only: 1536MiB for one and a half GiB",
                offset: offset)
        default: break
        }
        let names = units.map(\.name)
        let meant = others[word.lowercased()] ?? Suggestion.nearest(to: word, among: names)
        throw Complaint(
            "unknown unit \(Printable.quoted(word))",
            hint: meant.map { "did you mean '\(digits)\($0)'?" }
                ?? "the units are B, KiB, MiB, GiB, TiB", offset: offset)
    }

    /// The size as a policy writes it, exactly.
    static func text(of size: Int64) -> String {
        let unit = units.last { size != 0 && size % (1 << $0.shift) == 0 } ?? units[0]
        return size == 0 ? "0" : "\(size >> unit.shift)\(unit.name)"
    }
}

/// Shares as a policy writes them: `50%`, `12.5%`; exact to four places.
enum ShareText {
    static func parse(_ text: String) throws(Complaint) -> Ratio {
        var scanner = ValueScanner(text)
        let whole = scanner.digits()
        guard !whole.isEmpty else {
            throw Complaint("a share is a number and '%'", hint: "for example 50%")
        }
        guard whole == "0" || !whole.hasPrefix("0") else {
            throw Complaint("a number that begins with 0")
        }
        var places = ""
        let dot = scanner.position
        if scanner.skip(".") {
            places = scanner.digits()
            guard (1...4).contains(places.count) else {
                throw Complaint("a share has one to four places after the point", offset: dot)
            }
        }
        let offset = scanner.position
        guard scanner.skip("%"), scanner.isAtEnd else {
            throw Complaint(
                "a share ends with '%'",
                hint: scanner.isAtEnd && whole != "0" ? "write \(text)%" : "a half is 50%",
                offset: offset)
        }
        let padding = String(repeating: "0", count: 4 - places.count)
        guard let parts = Int(whole + places + padding), parts <= 1_000_000 else {
            throw Complaint("a share of more than 100%")
        }
        return Ratio(partsPerMillion: parts)
    }

    /// The share as a policy writes it.
    static func text(of ratio: Ratio) -> String {
        let (whole, places) = ratio.partsPerMillion.quotientAndRemainder(dividingBy: 10_000)
        guard places != 0 else { return "\(whole)%" }
        var digits = String(String(places + 10_000).dropFirst())
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(whole).\(digits)%"
    }
}

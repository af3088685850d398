internal import ArgumentParser

/// A span of time on a command line, in seconds: `90` or `90s`, `15min`, `24h`, `7d`, `1d12h`.
///
/// A day has 24 hours here: a signature counts seconds, not a calendar's days. (A policy's
/// durations are calendar units.)
public struct FixedDuration: Hashable, Sendable, CustomStringConvertible {
    /// The length, never negative.
    public var seconds: Int

    private static let units: [(name: String, seconds: Int)] = [
        ("w", 604_800), ("d", 86_400), ("h", 3600), ("min", 60), ("s", 1),
    ]

    /// A span of so many seconds.
    public init(seconds: Int) { self.seconds = seconds }

    /// Reads an option's value; for its `transform`.
    public init(argument text: String) throws {
        if let seconds = Int(text), text.allSatisfy(\.isNumber) {
            self.seconds = seconds
            return
        }
        var rest = text[...]
        var total = 0
        var last = -1
        while !rest.isEmpty {
            let digits = rest.prefix { "0123456789".contains($0) }
            let word = rest.dropFirst(digits.count).prefix { !"0123456789".contains($0) }
            rest = rest.dropFirst(digits.count + word.count)
            guard let number = Int(digits),
                let index = Self.units.firstIndex(where: { $0.name == word }), index > last,
                case let (product, tooMuch) = number.multipliedReportingOverflow(
                    by: Self.units[index].seconds), !tooMuch,
                case let (sum, overflow) = total.addingReportingOverflow(product), !overflow
            else { throw Self.refused(word) }
            last = index
            total = sum
        }
        guard last >= 0 else { throw Self.refused("") }
        seconds = total
    }

    private static func refused(_ word: Substring) -> ValidationError {
        if word == "m" {
            return ValidationError("'m' could be minutes or months. write min for minutes")
        }
        return ValidationError("a duration is written as 90s, 15min, 24h, 7d or 1d12h")
    }

    /// The duration in the fewest units: `1d12h`.
    public var description: String {
        var rest = seconds
        var text = ""
        for unit in Self.units.dropFirst() where rest >= unit.seconds {
            text += "\(rest / unit.seconds)\(unit.name)"
            rest %= unit.seconds
        }
        return text.isEmpty ? "0s" : text
    }
}

/// A number of bytes on a command line: `512B`, `16MiB`, `5GiB`, as a policy writes it.
public struct ByteSize: Hashable, Sendable, CustomStringConvertible {
    /// The number of bytes, never negative.
    public var bytes: Int64

    private static let units: [(name: String, shift: Int64)] = [
        ("B", 0), ("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40),
    ]

    /// A size of so many bytes.
    public init(bytes: Int64) { self.bytes = bytes }

    /// Reads an option's value; for its `transform`.
    public init(argument text: String) throws {
        let digits = text.prefix { "0123456789".contains($0) }
        let word = text.dropFirst(digits.count)
        if text == "0" {
            bytes = 0
            return
        }
        guard let number = Int64(digits), let unit = Self.units.first(where: { $0.name == word })
        else {
            if !digits.isEmpty, let meant = Self.meant(by: word) {
                throw ValidationError("unknown unit '\(word)'. did you mean \(digits)\(meant)?")
            }
            throw ValidationError("a size is written as 512B, 16MiB or 5GiB")
        }
        guard number <= Int64.max >> unit.shift else { throw ValidationError("beyond any size") }
        bytes = number << unit.shift
    }

    private static func meant(by word: Substring) -> String? {
        if word.isEmpty { return "B" }
        return units.dropFirst().first { $0.name.first == word.uppercased().first }?.name
    }

    /// The size in the largest unit that leaves a whole number: `1536MiB`.
    public var description: String {
        let unit = Self.units.last { bytes != 0 && bytes % (1 << $0.shift) == 0 }
        return bytes == 0 ? "0B" : "\(bytes >> (unit?.shift ?? 0))\(unit?.name ?? "B")"
    }
}

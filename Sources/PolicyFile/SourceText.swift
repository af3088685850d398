/// A place in a policy file, both counted from 1, columns in Unicode scalars.
struct Place: Hashable, Comparable, Sendable {
    var line: Int
    var column: Int

    static func < (left: Place, right: Place) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// The text of a policy file: UTF-8 in which a line is what a reviewer takes for one.
struct SourceText: Sendable {
    /// The largest policy file in bytes; the longest anybody wrote by hand is a hundredth of it.
    static let largest = 1 << 20

    let path: String
    let text: String
    /// Without their ends.
    let lines: [String]

    /// Refuses what is no text at all, and what shows a reviewer something else than is read:
    /// control characters, signs that change the direction of writing, unusual line ends.
    init(bytes: [UInt8], path: String) throws(PolicyProblem) {
        self.path = path
        guard bytes.count <= Self.largest else { throw Self.tooLarge(path: path) }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw PolicyProblem(
                file: path, "the file is UTF-16, not UTF-8", hint: "save it as UTF-8")
        }
        let body = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        var scanner = LineScanner(path: path)
        try scanner.scan(body)
        text = String(decoding: body, as: UTF8.self)
        lines = scanner.lines
    }

    static func tooLarge(path: String) -> PolicyProblem {
        PolicyProblem(
            file: path, "the file is larger than \(largest >> 20) MiB, too large for a policy")
    }

    func problem(
        _ severity: PolicyProblem.Severity = .error, at place: Place, _ message: String,
        hint: String? = nil
    ) -> PolicyProblem {
        var problem = PolicyProblem(severity, file: path, message, hint: hint)
        problem.line = place.line
        problem.column = place.column
        problem.sourceLine =
            lines.indices.contains(place.line - 1) ? lines[place.line - 1] : lines.last ?? ""
        return problem
    }
}

/// Cuts UTF-8 into lines and refuses characters that do not belong into a policy.
private struct LineScanner {
    let path: String
    var lines: [String] = []
    private var current = String.UnicodeScalarView()

    init(path: String) { self.path = path }

    mutating func scan(_ bytes: [UInt8]) throws(PolicyProblem) {
        var position = 0
        while position < bytes.count {
            guard let scalar = Self.scalar(in: bytes, at: position) else {
                throw refused("a byte that is not UTF-8", hint: "save the file as UTF-8")
            }
            position += UTF8.width(scalar)
            if scalar == "\r", position < bytes.count, bytes[position] == UInt8(ascii: "\n") {
                continue
            }
            if scalar == "\n" {
                lines.append(String(current))
                current = String.UnicodeScalarView()
                continue
            }
            if let what = Self.refusal(of: scalar) {
                throw refused(
                    what,
                    hint: scalar.value < 0x20
                        ? "is this a text file?"
                        : "remove it, or write it as \"\\u....\" in double quotes")
            }
            current.append(scalar)
        }
        lines.append(String(current))
    }

    private func refused(_ what: String, hint: String) -> PolicyProblem {
        var problem = PolicyProblem(file: path, what, hint: hint)
        problem.line = lines.count + 1
        problem.column = current.count + 1
        problem.sourceLine = String(current)
        return problem
    }

    private static func scalar(in bytes: [UInt8], at position: Int) -> Unicode.Scalar? {
        if bytes[position] < 0x80 { return Unicode.Scalar(bytes[position]) }
        var decoder = UTF8()
        var iterator = bytes[position...].prefix(4).makeIterator()
        guard case .scalarValue(let scalar) = decoder.decode(&iterator) else { return nil }
        return scalar
    }

    private static func refusal(of scalar: Unicode.Scalar) -> String? {
        switch scalar.value {
        case 0x09, 0x20...0x7E: nil
        case 0x00: "a NUL byte"
        case 0x0D: "a carriage return without a line feed"
        case ..<0x20, 0x7F...0x9F:
            "a control character (U+\(hex(scalar)))"
        case 0x2028, 0x2029:
            "a line end that most editors do not show (U+\(hex(scalar)))"
        case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069:
            "a sign that changes the direction of writing (U+\(hex(scalar)))"
        case 0x200B, 0x2060, 0xFEFF: "an invisible character (U+\(hex(scalar)))"
        case 0xFFFE, 0xFFFF: "no character of YAML (U+\(hex(scalar)))"
        default: nil
        }
    }

    private static func hex(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

/// Why a glob could not be understood, and where in it.
public struct GlobError: Error, Hashable, Sendable {
    /// What is wrong, lowercase and without a final period.
    public var message: String
    /// How it is written right, where that is known.
    public var hint: String?
    /// Where it is wrong: a distance in bytes from the start of the pattern.
    public var offset: Int
}

/// The parts of a glob, in order.
indirect enum GlobPart: Hashable, Sendable {
    /// One byte that stands for itself.
    case byte(UInt8)
    /// `*`: a run of anything but `/`, possibly empty.
    case run
    /// `**`: a run of anything, possibly empty.
    case anyRun
    /// `**/`: nothing, or a run of anything that ends with `/`.
    case folders
    /// `?` and classes: one character whose first byte, if it is ASCII, is in `ascii`;
    /// `wide` tells whether a character beyond ASCII will do.
    case character(ascii: Set<UInt8>, wide: Bool)
    /// `{a,b}`: any one of the alternatives.
    case choice([[GlobPart]])
}

/// Reads the text of a glob: one pass, no backtracking.
struct GlobPattern {
    /// The longest pattern; S3 keys have at most 1024 bytes, lists of alternatives may need more.
    static let longest = 4096
    /// How deep braces may be nested.
    static let deepest = 16

    private let text: [UInt8]
    private var position = 0

    /// The parts of `pattern`.
    static func parts(of pattern: String) throws(GlobError) -> [GlobPart] {
        var parser = GlobPattern(text: Array(pattern.utf8))
        guard !parser.text.isEmpty else {
            throw GlobError(
                message: "an empty glob matches no key", hint: "'**' matches every key", offset: 0)
        }
        guard parser.text.count <= longest else {
            throw GlobError(
                message: "a glob of \(parser.text.count) bytes is longer than \(longest)",
                hint: "'match' may be a list of globs", offset: 0)
        }
        return try parser.sequence(depth: 0)
    }

    private init(text: [UInt8]) {
        self.text = text
    }

    private var next: UInt8? {
        position < text.count ? text[position] : nil
    }

    private func failure(_ message: String, hint: String? = nil, at offset: Int) -> GlobError {
        GlobError(message: message, hint: hint, offset: offset)
    }

    /// Parts up to the end, or inside braces up to the `,` or `}` that ends them.
    private mutating func sequence(depth: Int) throws(GlobError) -> [GlobPart] {
        var parts: [GlobPart] = []
        while let byte = next {
            switch byte {
            case UInt8(ascii: "*"): parts.append(try stars())
            case UInt8(ascii: "?"):
                position += 1
                parts.append(.character(ascii: Self.asciiButSlash, wide: true))
            case UInt8(ascii: "["): parts.append(try bracket())
            case UInt8(ascii: "{"): parts.append(try brace(depth: depth + 1))
            case UInt8(ascii: "\\"): parts.append(.byte(try escaped()))
            case UInt8(ascii: ",") where depth > 0, UInt8(ascii: "}") where depth > 0: return parts
            case UInt8(ascii: "}"):
                throw failure("'}' closes nothing", hint: #"write \} for the sign"#, at: position)
            case UInt8(ascii: "]"):
                throw failure("']' closes nothing", hint: #"write \] for the sign"#, at: position)
            default:
                position += 1
                parts.append(.byte(byte))
            }
        }
        return parts
    }

    private mutating func stars() throws(GlobError) -> GlobPart {
        let start = position
        while next == UInt8(ascii: "*") { position += 1 }
        switch position - start {
        case 1: return .run
        case 2:
            guard next == UInt8(ascii: "/") else { return .anyRun }
            position += 1
            return .folders
        default:
            throw failure(
                "more than two stars in a row", hint: "'*' stops at '/', '**' does not",
                at: start)
        }
    }

    /// The byte after a backslash. Letters and digits are refused: `\d` and its like come from
    /// regular expressions and would silently mean a plain `d` here.
    private mutating func escaped() throws(GlobError) -> UInt8 {
        let start = position
        position += 1
        guard let byte = next else {
            throw failure(
                "a backslash at the end escapes nothing", hint: #"write \\ for a backslash"#,
                at: start)
        }
        guard !Self.isLetterOrDigit(byte) else {
            throw failure(
                "'\\\(Character(Unicode.Scalar(byte)))' escapes nothing that needs it",
                hint: "globs know * ** ? [a-z] [!a-z] {a,b}", at: start)
        }
        position += 1
        return byte
    }

    private mutating func brace(depth: Int) throws(GlobError) -> GlobPart {
        let start = position
        guard depth <= Self.deepest else {
            throw failure("braces nested deeper than \(Self.deepest)", at: start)
        }
        var alternatives: [[GlobPart]] = []
        repeat {
            position += 1
            alternatives.append(try sequence(depth: depth))
        } while next == UInt8(ascii: ",")
        guard next == UInt8(ascii: "}") else {
            throw failure(
                "'{' is never closed", hint: #"write \{ for the sign"#, at: start)
        }
        position += 1
        guard alternatives.count > 1 else {
            throw failure(
                "braces without a choice", hint: #"{a,b} is a choice, \{ the sign"#, at: start)
        }
        return .choice(alternatives)
    }

    /// `[a-z]` or `[!a-z]`: one character, never `/`.
    private mutating func bracket() throws(GlobError) -> GlobPart {
        let start = position
        position += 1
        let negated = next == UInt8(ascii: "!")
        if negated { position += 1 }
        if next == UInt8(ascii: "^") {
            throw failure(
                "'^' at the start of a class", hint: #"write [!…] for all but, \^ for the sign"#,
                at: position)
        }
        var members: Set<UInt8> = []
        while next != UInt8(ascii: "]") {
            let from = position
            let first = try member(of: start)
            var last = first
            if next == UInt8(ascii: "-"), position + 1 < text.count,
                text[position + 1] != UInt8(ascii: "]")
            {
                position += 1
                last = try member(of: start)
            }
            guard first <= last else {
                throw failure("a range that runs backwards", at: from)
            }
            members.formUnion(first...last)
        }
        guard position > start + (negated ? 2 : 1) else {
            throw failure(
                "an empty class matches nothing", hint: #"write \[ or \] for the signs"#, at: start)
        }
        position += 1
        members.remove(UInt8(ascii: "/"))
        return .character(
            ascii: negated ? Self.asciiButSlash.subtracting(members) : members, wide: negated)
    }

    /// One member of a class; the class began at `start`.
    private mutating func member(of start: Int) throws(GlobError) -> UInt8 {
        let unclosed = failure(
            "'[' is never closed", hint: #"write \[ for the sign"#, at: start)
        guard var byte = next else { throw unclosed }
        let from = position
        let isEscaped = byte == UInt8(ascii: "\\")
        if isEscaped { byte = try escaped() }
        switch byte {
        case 0x80...:
            throw failure(
                "a class of characters beyond ASCII", hint: "write {ä,ö} for a choice of them",
                at: from)
        case _ where isEscaped: return byte
        case UInt8(ascii: "/"):
            throw failure(
                "'/' in a class", hint: "a class stands for one character but '/'", at: position)
        case UInt8(ascii: "["):
            throw failure("'[' in a class", hint: #"write \[ for the sign"#, at: position)
        case UInt8(ascii: "]"):
            throw failure("a range without an end", at: position)
        default:
            position += 1
            return byte
        }
    }

    private static let asciiButSlash = Set<UInt8>(0...0x7F).subtracting([UInt8(ascii: "/")])

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}

/// Why bytes are not the JSON that is wanted.
struct JSONProblem: Error {
    /// In words: lowercase, no final period.
    var message: String
    /// The offset of the byte at which it was noticed, from 0.
    var offset: Int
}

/// Reads JSON (RFC 8259) strictly, from its beginning to its end, without keeping any of it.
///
/// Strings must be UTF-8, may hold no lone surrogates and at most 64 KiB, nesting is bounded.
final class JSONScanner {
    private let text: ListingText
    private var depth = 0
    /// A name that had to make way for the bytes after it.
    private let held = UnsafeMutableRawBufferPointer.allocate(
        byteCount: maximumString, alignment: 1)

    private static let maximumDepth = 64
    private static let maximumString = 64 << 10

    init(_ text: ListingText) { self.text = text }

    deinit { held.deallocate() }

    func problem(_ message: String) -> JSONProblem {
        JSONProblem(message: message, offset: text.offset)
    }

    // MARK: Bytes

    /// Skips the mark that some editors put before UTF-8; at the beginning of a file.
    func skipMark() throws {
        while text.end - text.position < 3 {
            guard try text.more(keepingFrom: text.position) != nil else { return }
        }
        let start = UnsafeBufferPointer(start: text.base + text.position, count: 3)
        if start.elementsEqual([0xEF, 0xBB, 0xBF]) { text.position += 3 }
    }

    /// The next byte that is not white space, not yet taken; nil at the end.
    func peek() throws -> UInt8? {
        while true {
            while text.position < text.end {
                let byte = text.base[text.position]
                guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else {
                    return byte
                }
                text.position += 1
            }
            guard try text.more(keepingFrom: text.position) != nil else { return nil }
        }
    }

    /// The next byte that is not white space; the end is an error.
    func peekMore() throws -> UInt8 {
        guard let byte = try peek() else { throw problem("it ends too early: the file is cut") }
        return byte
    }

    /// Takes a byte that must come next.
    func take(_ wanted: UInt8) throws {
        guard try peekMore() == wanted else {
            throw problem("\(Self.character(wanted)) is missing")
        }
        text.position += 1
    }

    private func takeIfNext(_ wanted: UInt8) throws -> Bool {
        guard try peekMore() == wanted else { return false }
        text.position += 1
        return true
    }

    private static func character(_ byte: UInt8) -> String {
        "'" + String(UnicodeScalar(byte)) + "'"
    }

    // MARK: Structure

    /// Takes the `{` of an object or the `[` of an array.
    func open(_ bracket: UInt8) throws {
        try take(bracket)
        depth += 1
        if depth > Self.maximumDepth { throw problem("nested too deeply") }
    }

    /// Goes on to the next element of an array or member of an object; false after the last one,
    /// whose closing bracket is then taken.
    func next(isFirst: Bool, closing bracket: UInt8) throws -> Bool {
        if try takeIfNext(bracket) {
            depth -= 1
            return false
        }
        if !isFirst {
            try take(UInt8(ascii: ","))
            // The closing bracket is no value: `[1,]` is refused where the value is read.
        }
        return true
    }

    /// The name of a member and its colon. The bytes are valid until the next call.
    func name() throws -> UnsafeRawBufferPointer {
        guard try peekMore() == UInt8(ascii: "\"") else { throw problem("a member has no name") }
        let name = try string()
        if text.position < text.end, text.base[text.position] == UInt8(ascii: ":") {
            text.position += 1
            return name
        }
        // To read on may move the name.
        held.copyMemory(from: name)
        let copy = UnsafeRawBufferPointer(rebasing: held[..<name.count])
        try take(UInt8(ascii: ":"))
        return copy
    }

    // MARK: Values

    /// A string, decoded. The bytes are valid until the next call.
    func string() throws -> UnsafeRawBufferPointer {
        try take(UInt8(ascii: "\""))
        var start = text.position
        var position = start
        var isPlain = true
        var isASCII = true
        scan: while true {
            while position < text.end {
                let byte = text.base[position]
                position += 1
                if byte == UInt8(ascii: "\"") { break scan }
                if byte < 0x20 {
                    text.position = position - 1
                    throw problem("a control character in a string")
                }
                if byte >= 0x80 { isASCII = false }
                if byte == UInt8(ascii: "\\") {
                    isPlain = false
                    // What it escapes is looked at when the string is whole.
                    if position < text.end {
                        position += 1
                    } else {
                        position -= 1
                        break
                    }
                }
            }
            if position - start > Self.maximumString { break }
            guard let moved = try text.more(keepingFrom: start) else {
                throw problem("it ends within a string: the file is cut")
            }
            start -= moved
            position -= moved
        }
        text.position = position
        guard position - start <= Self.maximumString else { throw problem("a string is too long") }
        var bytes = UnsafeMutableBufferPointer(
            start: text.base + start, count: position - 1 - start)
        if !isASCII, (try? UTF8Span(validating: UnsafeBufferPointer(bytes).span)) == nil {
            throw problem("a string is not UTF-8")
        }
        if !isPlain {
            guard let count = JSONEscapes.decode(inPlace: bytes) else {
                throw problem("a string has an escape that is none")
            }
            bytes = UnsafeMutableBufferPointer(rebasing: bytes[..<count])
        }
        return UnsafeRawBufferPointer(bytes)
    }

    /// A number; nil if it is not a size in bytes.
    func size() throws -> Int64? {
        VersionFields.size(try number())
    }

    /// The bytes of a number, valid until the next call.
    private func number() throws -> UnsafeRawBufferPointer {
        _ = try peekMore()
        var start = text.position
        var position = start
        while true {
            while position < text.end, Self.isOfNumber(text.base[position]) { position += 1 }
            if position < text.end { break }
            guard position - start < 1024 else { throw problem("a number is too long") }
            guard let moved = try text.more(keepingFrom: start) else { break }
            start -= moved
            position -= moved
        }
        let bytes = UnsafeRawBufferPointer(start: text.base + start, count: position - start)
        guard Self.isNumber(bytes) else { throw problem("not a value of JSON") }
        text.position = position
        return bytes
    }

    private static func isOfNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"),
            UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }

    /// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`
    private static func isNumber(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var rest = bytes[...]
        func digits() -> Int {
            let count = rest.prefix { $0 &- 0x30 < 10 }.count
            rest = rest.dropFirst(count)
            return count
        }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let leadsWithZero = rest.first == UInt8(ascii: "0")
        let whole = digits()
        guard whole == 1 || whole > 1 && !leadsWithZero else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard digits() > 0 else { return false }
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") {
                rest = rest.dropFirst()
            }
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }

    /// `true` or `false`; nil for anything else, which is not taken.
    func boolean() throws -> Bool? {
        switch try peekMore() {
        case UInt8(ascii: "t"): try word("true"); return true
        case UInt8(ascii: "f"): try word("false"); return false
        default: return nil
        }
    }

    /// Takes `null` if it comes next.
    func null() throws -> Bool {
        guard try peekMore() == UInt8(ascii: "n") else { return false }
        try word("null")
        return true
    }

    private func word(_ word: StaticString) throws {
        let count = word.utf8CodeUnitCount
        while text.end - text.position < count {
            guard try text.more(keepingFrom: text.position) != nil else {
                throw problem("it ends too early: the file is cut")
            }
        }
        for index in 0..<count where text.base[text.position + index] != word.utf8Start[index] {
            throw problem("not a value of JSON")
        }
        text.position += count
    }

    /// Reads a value of any kind and forgets it.
    func skip() throws {
        switch try peekMore() {
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "{"):
            try open(UInt8(ascii: "{"))
            var isFirst = true
            while try next(isFirst: isFirst, closing: UInt8(ascii: "}")) {
                isFirst = false
                _ = try name()
                try skip()
            }
        case UInt8(ascii: "["):
            try open(UInt8(ascii: "["))
            var isFirst = true
            while try next(isFirst: isFirst, closing: UInt8(ascii: "]")) {
                isFirst = false
                try skip()
            }
        case UInt8(ascii: "t"), UInt8(ascii: "f"): _ = try boolean()
        case UInt8(ascii: "n"): _ = try null()
        default: _ = try number()
        }
    }
}

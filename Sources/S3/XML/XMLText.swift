/// A document that is written, byte by byte.
struct XMLText {
    /// What is written so far.
    private(set) var bytes: [UInt8] = []

    /// Writes markup as it is.
    mutating func raw(_ markup: StaticString) {
        bytes.append(
            contentsOf: UnsafeBufferPointer(
                start: markup.utf8Start, count: markup.utf8CodeUnitCount))
    }

    /// Writes an element around text, which is escaped.
    mutating func element(_ name: StaticString, _ text: some Sequence<UInt8>) {
        raw("<")
        raw(name)
        raw(">")
        for byte in text { append(byte) }
        raw("</")
        raw(name)
        raw(">")
    }

    /// Bytes of UTF-8 without the characters that XML 1.0 has no way to write (its section 2.2): most
    /// control characters, U+FFFE and U+FFFF.
    static func carried(_ text: [UInt8]) -> [UInt8] {
        var carried: [UInt8] = []
        carried.reserveCapacity(text.count)
        var rest = text[...]
        while let byte = rest.first {
            let isNone =
                rest.starts(with: [0xEF, 0xBF, 0xBE]) || rest.starts(with: [0xEF, 0xBF, 0xBF])
            let isControl = byte < 0x20 && byte != 0x09 && byte != 0x0A && byte != 0x0D
            if !isNone && !isControl { carried.append(byte) }
            rest = rest.dropFirst(isNone ? 3 : 1)
        }
        return carried
    }

    /// Line ends are references: a parser makes a line feed of a bare carriage return.
    private static func reference(to byte: UInt8) -> StaticString? {
        switch byte {
        case UInt8(ascii: "&"): "&amp;"
        case UInt8(ascii: "<"): "&lt;"
        case UInt8(ascii: ">"): "&gt;"
        case UInt8(ascii: "\""): "&quot;"
        case UInt8(ascii: "'"): "&apos;"
        case 0x09: "&#9;"
        case 0x0A: "&#10;"
        case 0x0D: "&#13;"
        default: nil
        }
    }

    private mutating func append(_ byte: UInt8) {
        if let reference = Self.reference(to: byte) { raw(reference) } else { bytes.append(byte) }
    }

    /// How many bytes a text takes in an element.
    static func size(of text: some Sequence<UInt8>) -> Int {
        text.reduce(0) { $0 + (reference(to: $1)?.utf8CodeUnitCount ?? 1) }
    }
}

/// Shows text of unknown origin on one line of a terminal or a mail, so that it can neither
/// move the cursor, nor start a new line, nor reverse what is read.
///
/// Keys, version ids and server messages are chosen by others. Everything that is not a visible
/// character is written as an escape: `\n`, `\t`, `\r`, `\\`, `\xHH` for control bytes and bytes
/// that are not UTF-8, `\u{HHHH}` for invisible and direction-changing characters.
public enum PrintableText {
    /// The printable form of UTF-8 bytes; bytes that are not UTF-8 become `\xHH`.
    public static func escape(_ bytes: some Sequence<UInt8>) -> String {
        var result = ""
        var decoder = UTF8Scanner(bytes: Array(bytes))
        while let piece = decoder.next() {
            switch piece {
            case .scalar(let scalar): append(scalar, to: &result)
            case .invalid(let byte): result += "\\x" + hex(UInt32(byte), width: 2)
            }
        }
        return result
    }

    /// The printable form of a string.
    public static func escape(_ text: String) -> String { escape(text.utf8) }

    private static func append(_ scalar: Unicode.Scalar, to result: inout String) {
        switch scalar {
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\r": result += "\\r"
        case "\t": result += "\\t"
        case _ where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value):
            result += "\\x" + hex(scalar.value, width: 2)
        case _ where isHidden(scalar):
            result += "\\u{" + hex(scalar.value, width: 4) + "}"
        default: result.unicodeScalars.append(scalar)
        }
    }

    /// Whether a character is invisible, changes direction, or has no meaning of its own.
    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
            .unassigned:
            true
        case .spaceSeparator: scalar != " "
        default: scalar.properties.isDefaultIgnorableCodePoint
        }
    }

    private static func hex(_ value: UInt32, width: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// The number of terminal columns that a printable text takes.
    ///
    /// East Asian wide characters and emoji take two, combining marks none.
    public static func width(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + columns(of: $1) }
    }

    static func columns(of scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x300 { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: break
        }
        let wide: [ClosedRange<UInt32>] = [
            0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff,
            0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1faff, 0x20000...0x3fffd,
        ]
        return wide.contains { $0.contains(scalar.value) } ? 2 : 1
    }
}

/// Walks bytes as UTF-8 and tells the bytes that are none.
private struct UTF8Scanner {
    enum Piece {
        case scalar(Unicode.Scalar)
        case invalid(UInt8)
    }

    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() -> Piece? {
        guard position < bytes.count else { return nil }
        var decoder = UTF8()
        var iterator = bytes[position...].prefix(4).makeIterator()
        if case .scalarValue(let scalar) = decoder.decode(&iterator) {
            position += UTF8.width(scalar)
            return .scalar(scalar)
        }
        defer { position += 1 }
        return .invalid(bytes[position])
    }
}

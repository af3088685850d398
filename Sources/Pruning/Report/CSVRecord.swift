internal import Console

/// Writes one record of a CSV table a line (RFC 4180: commas, doubled quotation marks, CRLF).
///
/// A text is made harmless without losing anything of it:
///
/// - What a terminal would act upon is escaped as everywhere (``PrintableText``): a record is one
///   line.
/// - A text that begins with `=`, `+`, `-` or `@`, which a spreadsheet would execute, or with an
///   apostrophe, has an apostrophe put before it.
/// - The same signs behind a `;` or `,` are escaped too (`\x3d`): a spreadsheet that splits at
///   another separator would find them at the beginning of a cell.
///
/// To get a text back, drop an apostrophe at its beginning, then resolve the escapes: `\n`, `\r`,
/// `\t`, `\\`, `\xHH` (a character below U+0100, or a byte that is not UTF-8) and `\u{HEX}`.
struct CSVRecord {
    private var bytes: [UInt8] = []
    private var fields = 0

    init() { bytes.reserveCapacity(512) }

    /// Ends the record and starts an empty one.
    mutating func take() -> [UInt8] {
        bytes.append(contentsOf: "\r\n".utf8)
        defer { self = CSVRecord() }
        return bytes
    }

    /// Adds a text that anybody may have chosen.
    mutating func add(text: some Sequence<UInt8>) { add(cell: Self.harmless(text)) }

    /// Adds a text that anybody may have chosen.
    mutating func add(text: String) { add(text: text.utf8) }

    /// Adds a word, number or date of the program's own.
    mutating func add(word: String) { add(cell: word) }

    /// Adds fields without a value.
    mutating func skip(_ count: Int = 1) { for _ in 0..<count { add(cell: "") } }

    private mutating func add(cell: String) {
        if fields > 0 { bytes.append(UInt8(ascii: ",")) }
        fields += 1
        guard cell.utf8.contains(where: Self.needsQuotes) else {
            bytes.append(contentsOf: cell.utf8)
            return
        }
        bytes.append(UInt8(ascii: "\""))
        for byte in cell.utf8 {
            bytes.append(byte)
            if byte == UInt8(ascii: "\"") { bytes.append(byte) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func needsQuotes(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: ","), UInt8(ascii: ";"),
            UInt8(ascii: " "):
            true
        default: false
        }
    }

    private static func harmless(_ text: some Sequence<UInt8>) -> String {
        var result = ""
        var followsSeparator = false
        for scalar in PrintableText.escape(text).unicodeScalars {
            let isFormula = formulaSigns.contains(scalar)
            if result.isEmpty, isFormula || scalar == "'" { result = "'" }
            if followsSeparator, isFormula {
                result += escaped(scalar)
            } else {
                result.unicodeScalars.append(scalar)
            }
            switch scalar {
            case ",", ";", "|": followsSeparator = true
            case " ", "\"", "'": break
            default: followsSeparator = false
            }
        }
        return result
    }

    /// What begins a formula, also in the wide forms that some spreadsheets take for the same.
    private static let formulaSigns: Set<Unicode.Scalar> = [
        "=", "+", "-", "@", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}",
    ]

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16)
        return scalar.isASCII ? "\\x\(digits)" : "\\u{\(digits)}"
    }
}

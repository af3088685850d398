/// Text as JSON writes it (RFC 8259), with ASCII alone.
enum JSONText {
    /// In quotes: quotes, backslashes and everything outside of printable ASCII escaped, what
    /// lies beyond U+FFFF as two surrogates.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for unit in text.utf16 {
            switch unit {
            case 0x22: result += "\\\""
            case 0x5c: result += "\\\\"
            case 0x20..<0x7f: result.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
            default:
                result += "\\u"
                result += Hex.encode([UInt8(unit >> 8), UInt8(unit & 0xff)])
            }
        }
        return result + "\""
    }
}

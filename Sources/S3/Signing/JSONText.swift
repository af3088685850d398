/// Text as JSON writes it (RFC 8259), in ASCII but for what lies beyond U+FFFF.
enum JSONText {
    /// In quotes: quotes, backslashes and everything outside of printable ASCII escaped.
    ///
    /// What JSON would write as two surrogates stays UTF-8: the parser of Ceph 16 takes each
    /// surrogate for a character, so that the escaped text equals no key.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x22: result += "\\\""
            case 0x5c: result += "\\\\"
            case 0x20..<0x7f, 0x10000...: result.unicodeScalars.append(scalar)
            default:
                result += "\\u"
                result += Hex.encode([UInt8(scalar.value >> 8), UInt8(scalar.value & 0xff)])
            }
        }
        return result + "\""
    }
}

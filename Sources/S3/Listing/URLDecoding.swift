/// Decoding as an answer with `<EncodingType>url</EncodingType>` demands: `%XY` is a byte, `+` is
/// a space (a plus is always `%2B`), and the result is UTF-8. nil for anything else.
public enum URLDecoding {
    /// Decodes in place and gives the number of bytes that are left.
    public static func decode(inPlace bytes: UnsafeMutableBufferPointer<UInt8>) -> Int? {
        var written = 0
        var read = 0
        var isASCII = true
        while read < bytes.count {
            var byte = bytes[read]
            read += 1
            if byte == UInt8(ascii: "+") {
                byte = UInt8(ascii: " ")
            } else if byte == UInt8(ascii: "%") {
                guard read + 2 <= bytes.count, let high = Hex.value(bytes[read]),
                    let low = Hex.value(bytes[read + 1])
                else { return nil }
                byte = high << 4 | low
                read += 2
            }
            isASCII = isASCII && byte < 0x80
            bytes[written] = byte
            written += 1
        }
        let decoded = UnsafeBufferPointer(start: bytes.baseAddress, count: written)
        guard isASCII || isUTF8(decoded) else { return nil }
        return written
    }

    /// The decoded bytes.
    public static func decode(_ bytes: [UInt8]) -> [UInt8]? {
        var copy = bytes
        guard let count = copy.withUnsafeMutableBufferPointer({ decode(inPlace: $0) }) else {
            return nil
        }
        copy.removeSubrange(count...)
        return copy
    }

    private static func isUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        (try? UTF8Span(validating: bytes.span)) != nil
    }
}

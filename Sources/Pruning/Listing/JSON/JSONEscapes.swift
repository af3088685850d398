/// The escapes of JSON strings.
enum JSONEscapes {
    /// Decodes in place and gives the number of bytes that are left; nil for an escape that is
    /// none, or half of a surrogate pair. What is decoded is never longer.
    static func decode(inPlace bytes: UnsafeMutableBufferPointer<UInt8>) -> Int? {
        var written = 0
        var read = 0
        while read < bytes.count {
            let byte = bytes[read]
            read += 1
            guard byte == UInt8(ascii: "\\") else {
                bytes[written] = byte
                written += 1
                continue
            }
            guard read < bytes.count else { return nil }
            let letter = bytes[read]
            read += 1
            if letter == UInt8(ascii: "u") {
                guard let scalar = scalar(bytes, &read) else { return nil }
                for byte in UTF8.encode(scalar).unsafelyUnwrapped {
                    bytes[written] = byte
                    written += 1
                }
            } else {
                guard let meaning = meaning(of: letter) else { return nil }
                bytes[written] = meaning
                written += 1
            }
        }
        return written
    }

    private static func meaning(of letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): letter
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    /// The character that four hex digits, or two times four, stand for.
    private static func scalar(
        _ bytes: UnsafeMutableBufferPointer<UInt8>, _ read: inout Int
    ) -> Unicode.Scalar? {
        guard let first = unit(bytes, &read) else { return nil }
        guard UTF16.isLeadSurrogate(first) else { return Unicode.Scalar(first) }
        guard read + 2 <= bytes.count, bytes[read] == UInt8(ascii: "\\"),
            bytes[read + 1] == UInt8(ascii: "u")
        else { return nil }
        read += 2
        guard let second = unit(bytes, &read), UTF16.isTrailSurrogate(second) else { return nil }
        return Unicode.Scalar(
            0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00))
    }

    private static func unit(
        _ bytes: UnsafeMutableBufferPointer<UInt8>, _ read: inout Int
    ) -> UInt16? {
        guard read + 4 <= bytes.count else { return nil }
        var value: UInt16 = 0
        for byte in bytes[read..<read + 4] {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            value = value << 4 | UInt16(digit)
        }
        read += 4
        return value
    }
}

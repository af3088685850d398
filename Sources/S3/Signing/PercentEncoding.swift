/// Percent-encoding as SigV4 demands it: everything but `A-Z a-z 0-9 - . _ ~` becomes `%XY` with
/// uppercase digits, byte by byte.
enum PercentEncoding {
    /// Appends `bytes`, every reserved one encoded; `/` stays only if `keepingSlash`.
    static func append(
        _ bytes: some Sequence<UInt8>, keepingSlash: Bool, to result: inout [UInt8]
    ) {
        for byte in bytes {
            if isUnreserved(byte) || (keepingSlash && byte == UInt8(ascii: "/")) {
                result.append(byte)
            } else {
                result.append(UInt8(ascii: "%"))
                result.append(Hex.uppercase(byte >> 4))
                result.append(Hex.uppercase(byte & 15))
            }
        }
    }

    /// A path with its slashes kept.
    static func path(_ bytes: some Sequence<UInt8>) -> String {
        var result = [UInt8]()
        append(bytes, keepingSlash: true, to: &result)
        return String(decoding: result, as: UTF8.self)
    }

    /// The bytes that `text` stands for; nil if a `%` is not followed by two hex digits.
    static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var result = [UInt8]()
        var iterator = text.makeIterator()
        while let byte = iterator.next() {
            guard byte == UInt8(ascii: "%") else {
                result.append(byte)
                continue
            }
            guard let high = iterator.next().flatMap(Hex.value),
                let low = iterator.next().flatMap(Hex.value)
            else { return nil }
            result.append(high << 4 | low)
        }
        return result
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}

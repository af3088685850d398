/// What can be the name of a bucket here.
enum BucketName {
    /// Throws for what no server that has general purpose buckets calls one: 3 ... 255 characters
    /// `A-Z a-z 0-9 . _ -` with a letter or digit at both ends. (New buckets of AWS are stricter;
    /// old ones and other servers are not.)
    static func check(_ name: String) throws(RequestError) {
        if name.hasPrefix("arn:") {
            throw RequestError(
                subject: "bucket \(name)", message: "ARNs are not supported",
                hint: "give the name of the bucket")
        }
        if name.hasSuffix("--x-s3") {
            throw RequestError(
                subject: "bucket \(name)",
                message: "directory buckets have no versions and are not supported")
        }
        let bytes = name.utf8
        guard (3...255).contains(bytes.count), bytes.allSatisfy(isLegal),
            let first = bytes.first, let last = bytes.last,
            isAlphanumeric(first), isAlphanumeric(last)
        else {
            throw RequestError(
                subject: "bucket", message: "\"\(name)\" is not the name of a bucket",
                hint: "3 to 63 lowercase letters, digits, hyphens and dots")
        }
    }

    /// Whether the name can be part of a host name: a DNS label, or several where dots are
    /// admitted.
    static func isHostName(_ name: String, dots: Bool) -> Bool {
        var previous = UInt8(ascii: ".")
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "."):
                // A label neither is empty nor ends with a hyphen.
                guard dots, previous != byte, previous != UInt8(ascii: "-") else { return false }
            case UInt8(ascii: "-"):
                guard previous != UInt8(ascii: ".") else { return false }
            default:
                guard isLowercaseLetter(byte) || isDigit(byte) else { return false }
            }
            previous = byte
        }
        return previous != UInt8(ascii: ".") && previous != UInt8(ascii: "-")
            && name.utf8.count <= 63 && HostName(name).ipv4 == nil
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || isLowercaseLetter(byte | 0x20)
    }

    private static func isLegal(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "-")
    }
}

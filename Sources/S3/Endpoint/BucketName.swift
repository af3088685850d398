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
        let bytes = Array(name.utf8)
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
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return (dots || labels.count == 1) && name.utf8.count <= 63 && HostName(name).ipv4 == nil
            && labels.allSatisfy { label in
                guard let first = label.first, let last = label.last else { return false }
                return first != UInt8(ascii: "-") && last != UInt8(ascii: "-")
                    && label.allSatisfy {
                        isLowercaseLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-")
                    }
            }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || isLowercaseLetter(byte | 0x20)
    }

    private static func isLegal(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "-")
    }
}

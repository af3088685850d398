/// The `bucket:` of a policy: a name, or `s3://name/prefix`.
struct BucketText: Hashable {
    var name: String
    var prefix: [UInt8]

    /// The naming rules of general purpose buckets (AWS, *General purpose bucket naming rules*).
    static func parse(_ text: String) throws(Complaint) -> BucketText {
        var name = text[...]
        var prefix = ""[...]
        var offset = 0
        if let rest = text.dropping("s3://") {
            offset = 5
            let parts = rest.split(
                separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            name = parts[0]
            prefix = parts.count > 1 ? parts[1] : ""
        } else if text.hasPrefix("arn:") {
            throw Complaint("an ARN is not a bucket name", hint: "write the name alone")
        } else if text.contains("://") {
            throw Complaint(
                "not an S3 address", hint: "write s3://NAME/PREFIX; 'endpoint-url' names the store")
        } else if let slash = text.firstIndex(of: "/") {
            throw Complaint(
                "'/' in a bucket name", hint: "with a prefix write s3://\(Printable.line(text))",
                offset: text.utf8.distance(from: text.startIndex, to: slash))
        }
        if let problem = problem(of: name) {
            throw Complaint(
                problem.message, hint: problem.hint, offset: offset + problem.offset)
        }
        guard prefix.utf8.count <= 1024 else {
            throw Complaint("a prefix longer than 1024 bytes, the longest key")
        }
        return BucketText(name: String(name), prefix: Array(prefix.utf8))
    }

    private static func problem(of name: Substring) -> Complaint? {
        guard !name.isEmpty else { return Complaint("a bucket name is missing") }
        let bytes = Array(name.utf8)
        for (offset, byte) in bytes.enumerated() where !isAllowed(byte) {
            let sign = name[name.utf8.index(name.startIndex, offsetBy: offset)...].prefix(1)
            return Complaint(
                "a bucket name cannot hold \(Printable.quoted(sign))",
                hint: "lowercase letters, digits, '-' and '.'", offset: offset)
        }
        guard (3...63).contains(bytes.count) else {
            return Complaint("a bucket name has 3 to 63 characters, not \(bytes.count)")
        }
        guard isLetterOrDigit(bytes[0]), isLetterOrDigit(bytes[bytes.count - 1]) else {
            return Complaint("a bucket name begins and ends with a letter or a digit")
        }
        if name.contains("..") { return Complaint("two dots in a row in a bucket name") }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count == 4, parts.allSatisfy({ $0.allSatisfy { "0123456789".contains($0) } }) {
            return Complaint("a bucket name cannot look like an IP address")
        }
        return nil
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte
            || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }
}

/// The `region:` of a policy: it becomes part of a host name, so nothing else is let in.
enum RegionText {
    static func parse(_ text: String) throws(Complaint) -> String {
        let isLabel = text.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isLabel, (1...63).contains(text.utf8.count), !text.hasPrefix("-"),
            !text.hasSuffix("-")
        else {
            throw Complaint(
                "a region is letters, digits and '-'", hint: "for example eu-central-1")
        }
        return text
    }
}

/// The `endpoint-url:` of a policy: scheme, host and port, nothing that could hold a secret.
enum EndpointText {
    static func parse(_ text: String) throws(Complaint) -> String {
        guard let rest = text.dropping("https://") ?? text.dropping("http://") else {
            throw Complaint(
                "an endpoint begins with https:// or http://",
                hint: "for example https://s3.example.com")
        }
        let start = text.utf8.count - rest.utf8.count
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !authority.contains("@") else {
            throw Complaint(
                "an endpoint with a user name", hint: "credentials never stand in a policy",
                offset: start)
        }
        let tail = rest.dropFirst(authority.count)
        guard tail.isEmpty || tail == "/" else {
            throw Complaint(
                "an endpoint is a scheme, a host and a port",
                hint: "write \(Printable.line(text.dropLast(tail.count)))",
                offset: start + authority.utf8.count)
        }
        try check(authority, offset: start)
        return String(text.dropLast(tail.count))
    }

    private static func check(_ authority: Substring, offset: Int) throws(Complaint) {
        var host = authority
        var port: Substring?
        if authority.hasPrefix("[") {
            host = authority.prefix { $0 != "]" }.dropFirst()
            let rest = authority.dropFirst(host.count + 2)
            guard authority.contains("]"), rest.isEmpty || rest.hasPrefix(":"), host.contains(":"),
                host.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." })
            else {
                throw Complaint("not an IPv6 address in brackets", offset: offset)
            }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        guard !host.isEmpty else { throw Complaint("a host is missing", offset: offset) }
        let isName = host.utf8.allSatisfy {
            $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ":")
                || Character(Unicode.Scalar($0)).isASCIILetterOrDigit
        }
        guard isName else { throw Complaint("not a host name", offset: offset) }
        guard let port else { return }
        guard port.utf8.count <= 5, port.allSatisfy({ "0123456789".contains($0) }),
            (1...65535).contains(Int(port) ?? 0)
        else {
            throw Complaint(
                "a port is a number from 1 to 65535",
                offset: offset + authority.utf8.count - port.utf8.count)
        }
    }
}

extension Character {
    fileprivate var isASCIILetterOrDigit: Bool { isASCII && (isLetter || isNumber) }
}

extension String {
    /// What follows a prefix; nil without it.
    fileprivate func dropping(_ prefix: String) -> Substring? {
        hasPrefix(prefix) ? dropFirst(prefix.count) : nil
    }
}

/// What `--debug` shows of a request and its answer, without secrets.
///
/// It is free of secrets by construction: header values are shown only where their names are
/// known to be harmless, and signatures are cut out of `authorization`.
enum DebugText {
    static func lines(_ exchange: Exchange) -> [String] {
        let request = exchange.request
        var lines = ["> \(request.method.rawValue) \(withoutSignature(request.url))"]
        for header in request.headers {
            lines.append("> \(header.name): \(value(of: header))")
        }
        if !exchange.body.isEmpty { lines.append("> (\(exchange.body.count) bytes)") }
        return lines
    }

    static func lines(_ outcome: Outcome) -> [String] {
        var lines: [String] = []
        if outcome.hasAnswer {
            lines.append("< \(outcome.answer.status)")
            lines += outcome.answer.headers.map { "< \($0.name): \(value(of: $0))" }
        }
        if let failure = outcome.failure {
            lines.append("! \(outcome.message.isEmpty ? "\(failure)" : outcome.message)")
        }
        return lines
    }

    private static func value(of header: Header) -> String {
        let name = header.name.lowercased()
        if name == "authorization" { return withoutSignature(header.value) }
        if shown.contains(name) { return header.value }
        return redacted
    }

    /// `Credential` and `SignedHeaders` help to find mistakes and are no secrets.
    private static func withoutSignature(_ text: String) -> String {
        guard text.hasPrefix("AWS4-HMAC-SHA256 ") || text.contains("X-Amz-Signature=") else {
            return text.contains("://") ? text : redacted
        }
        var result = text
        for name in ["Signature=", "X-Amz-Security-Token="] {
            while let start = result.range(ofASCII: name, followedBy: redacted) {
                let rest = result[start...]
                let end = rest.firstIndex { ", &".contains($0) } ?? result.endIndex
                result.replaceSubrange(start..<end, with: redacted)
            }
        }
        return result
    }

    private static let redacted = "<redacted>"

    private static let shown: Set<String> = [
        "x-amz-date", "x-amz-content-sha256", "content-md5", "content-type", "range", "if-match",
        "if-none-match", "x-amz-expected-bucket-owner", "x-amz-request-payer",
        "x-amz-checksum-algorithm", "x-amz-checksum-type", "x-amz-checksum-crc64nvme",
        "x-amz-mp-object-size", "x-amz-storage-class", "x-amz-server-side-encryption",
        "user-agent", "host",
        "accept-ranges", "age", "cache-control", "connection", "content-length", "content-range",
        "date", "etag", "last-modified", "location", "retry-after", "server", "transfer-encoding",
        "via", "x-amz-bucket-region", "x-amz-delete-marker", "x-amz-id-2", "x-amz-request-id",
        "x-amz-version-id",
    ]
}

extension String {
    /// The index after `name`, unless `mark` follows there already.
    fileprivate func range(ofASCII name: String, followedBy mark: String) -> String.Index? {
        var from = startIndex
        while let start = self[from...].firstRange(of: name) {
            if !self[start.upperBound...].hasPrefix(mark) { return start.upperBound }
            from = start.upperBound
        }
        return nil
    }
}

public import CivilTime

/// AWS Signature Version 4 as S3 wants it: a value that turns a request, an endpoint and a date
/// into a signed request.
///
/// The path is encoded once and never normalized, the query is sorted after encoding.
/// Source: Amazon S3 Developer Guide, "Authenticating Requests (AWS Signature Version 4)".
public struct Signer: Sendable {
    /// Whose signature it is.
    public let credentials: Credentials
    /// The region in the scope.
    public let region: String
    /// The service in the scope: `s3`.
    public let service: String
    private let key: SigningKey

    /// A signer for one region. Copies share one signing key, derived once a day.
    public init(credentials: Credentials, region: String, service: String = "s3") {
        self.credentials = credentials
        self.region = region
        self.service = service
        key = SigningKey(secret: credentials.secretAccessKey, region: region, service: service)
    }

    /// Signs with the `Authorization` header. `date` is what S3 compares with its own clock: it
    /// refuses more than 15 minutes of difference.
    ///
    /// Throws for an empty key, a header that cannot be sent, or a bucket that the endpoint cannot
    /// address.
    public func sign(
        _ request: Request, to endpoint: Endpoint, at date: Timestamp
    ) throws(RequestError) -> SignedRequest {
        let target = try endpoint.target(of: request.resource)
        try Signer.check(request.headers)
        let date = SigningDate(date)
        let payloadHash = request.payload.signedText
        var added = [
            Header("x-amz-content-sha256", payloadHash), Header("x-amz-date", date.instant),
        ]
        if let token = credentials.sessionToken {
            added.append(Header("x-amz-security-token", Signer.text(token)))
        }
        let signed = [Header("host", target.authority)] + added + Signer.signed(request.headers)
        let canonical = CanonicalRequest(
            method: request.method.rawValue, path: target.path, query: request.query,
            headers: signed, payloadHash: payloadHash)
        let signature = signature(of: canonical, at: date)
        added.append(Header("authorization", authorization(canonical, signature, at: date)))
        return SignedRequest(
            method: request.method, url: target.url(canonical), headers: request.headers + added)
    }

    /// A URL that carries its signature in the query and works until `date` + `expires` seconds
    /// (1 ... 604800). The body is not signed. Headers of the request are: whoever uses the URL
    /// must send them exactly.
    ///
    /// The URL of temporary credentials ends with them, whatever `expires` says.
    public func presign(
        _ request: Request, to endpoint: Endpoint, at date: Timestamp, expires: Int
    ) throws(RequestError) -> String {
        guard (1...604_800).contains(expires) else {
            throw RequestError(
                subject: "expires", message: "\(expires) s is not between 1 s and 604800 s (7 d)")
        }
        let target = try endpoint.target(of: request.resource)
        try Signer.check(request.headers)
        let (canonical, signature) = presign(
            method: request.method.rawValue, target: target, query: request.query,
            headers: request.headers, payloadHash: Request.Payload.unsigned.signedText,
            at: SigningDate(date), expires: expires)
        return target.url(canonical) + "&X-Amz-Signature=" + signature
    }

    /// The canonical request of a presigned URL and its signature, which is not in the query yet.
    func presign(
        method: String, target: Target, query: [QueryItem], headers: [Header],
        payloadHash: String, at date: SigningDate, expires: Int
    ) -> (CanonicalRequest, String) {
        let signed = Signer.signed(headers) + [Header("host", target.authority)]
        let names = Set(signed.map(\.lowercaseName)).sorted()
        var query = query
        query.append(QueryItem("X-Amz-Algorithm", Signer.algorithm))
        query.append(
            QueryItem("X-Amz-Credential", "\(credentials.accessKeyID)/\(scope(date.day))"))
        query.append(QueryItem("X-Amz-Date", date.instant))
        query.append(QueryItem("X-Amz-Expires", String(expires)))
        if let token = credentials.sessionToken {
            query.append(QueryItem("X-Amz-Security-Token", Signer.text(token)))
        }
        query.append(QueryItem("X-Amz-SignedHeaders", names.joined(separator: ";")))
        let canonical = CanonicalRequest(
            method: method, path: target.path, query: query, headers: signed,
            payloadHash: payloadHash)
        return (canonical, signature(of: canonical, at: date))
    }

    static let algorithm = "AWS4-HMAC-SHA256"

    /// Headers that a proxy or libcurl may add or change on the way.
    private static let unsignedHeaders: Set<String> = [
        "accept-encoding", "authorization", "connection", "expect", "te", "transfer-encoding",
        "upgrade", "user-agent", "x-amzn-trace-id",
    ]

    private static func signed(_ headers: [Header]) -> [Header] {
        headers.filter { !unsignedHeaders.contains($0.lowercaseName) }
    }

    /// Stage 2: what is signed.
    func stringToSign(_ canonical: CanonicalRequest, at date: SigningDate) -> [UInt8] {
        var text = Array("\(Signer.algorithm)\n\(date.instant)\n\(scope(date.day))\n".utf8)
        Hex.append(Digest.hash(canonical.text, .sha256), to: &text)
        return text
    }

    /// Stage 3: the signature, 64 lowercase hex digits.
    func signature(of canonical: CanonicalRequest, at date: SigningDate) -> String {
        signature(ofText: stringToSign(canonical, at: date), day: date.day)
    }

    /// Stage 3.2, for any text: 64 lowercase hex digits.
    func signature(ofText text: [UInt8], day: String) -> String {
        Hex.encode(key.sign(text, day: day))
    }

    /// Stage 4: the value of the `Authorization` header.
    func authorization(
        _ canonical: CanonicalRequest, _ signature: String, at date: SigningDate
    ) -> String {
        "\(Signer.algorithm) Credential=\(credentials.accessKeyID)/\(scope(date.day)), "
            + "SignedHeaders=\(canonical.signedHeaders), Signature=\(signature)"
    }

    /// `20260901/eu-central-1/s3/aws4_request`
    func scope(_ day: String) -> String { "\(day)/\(region)/\(service)/aws4_request" }

    static func text(_ secret: Secret) -> String {
        secret.withBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// Refuses what would end a header early or begin another one.
    private static func check(_ headers: [Header]) throws(RequestError) {
        for header in headers {
            guard !header.name.isEmpty, header.name.utf8.allSatisfy(isTokenByte) else {
                throw RequestError(
                    subject: "header", message: "\"\(header.name)\" is not the name of a header")
            }
            guard header.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else {
                throw RequestError(
                    subject: "header \(header.name)",
                    message: "the value holds a line break or another control character")
            }
        }
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        isDigit(byte) || isLowercaseLetter(byte | 0x20)
            || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}

extension Request.Payload {
    /// What stands for the body in the signature and in `x-amz-content-sha256`.
    var signedText: String {
        switch self {
        case .empty: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        case .sha256(let hex): hex
        case .unsigned: "UNSIGNED-PAYLOAD"
        }
    }
}

extension Target {
    /// The absolute URL of a canonical request.
    func url(_ canonical: CanonicalRequest) -> String {
        let path = String(decoding: canonical.path, as: UTF8.self)
        let query = String(decoding: canonical.query, as: UTF8.self)
        return "\(scheme.rawValue)://\(authority)\(path)\(query.isEmpty ? "" : "?")\(query)"
    }

    /// The absolute URL of a path that is not encoded yet, without query.
    func url(path: [UInt8]) -> String {
        "\(scheme.rawValue)://\(authority)\(PercentEncoding.path(path))"
    }
}

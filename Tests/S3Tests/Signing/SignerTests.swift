import CivilTime
import Testing

@testable import S3

@Suite("signing")
struct SignerTests {
    @Test("signed requests are those of botocore", arguments: try RepositoryVector.load("header"))
    func header(vector: RepositoryVector) throws {
        let endpoint = try vector.place()
        let signed = try vector.signer.sign(vector.request, to: endpoint, at: vector.instant)
        #expect(RepositoryVector.ordered(signed.url) == RepositoryVector.ordered(vector.url))
        #expect(
            signed.headers.filter { $0.name == "authorization" }.map(\.value)
                == [vector.authorization])
        #expect(
            signed.headers.filter { $0.name == "x-amz-security-token" }.map(\.value)
                == (vector.token.map { [$0] } ?? []))

        let canonical = vector.canonical(signed, host: try endpoint.target(of: vector.resource))
        #expect(String(decoding: canonical.text, as: UTF8.self) == vector.canonicalRequest)
        let date = SigningDate(vector.instant)
        let text = vector.signer.stringToSign(canonical, at: date)
        #expect(String(decoding: text, as: UTF8.self) == vector.stringToSign)
        #expect(vector.signer.signature(of: canonical, at: date) == vector.signature)
    }

    @Test("presigned URLs are those of botocore", arguments: try RepositoryVector.load("presigned"))
    func presigned(vector: RepositoryVector) throws {
        let url = try vector.signer.presign(
            vector.request, to: vector.place(), at: vector.instant, expires: vector.expires ?? 0)
        #expect(RepositoryVector.ordered(url) == RepositoryVector.ordered(vector.url))
        #expect(url.hasSuffix("&X-Amz-Signature=\(vector.signature)"))
    }

    @Test("the repository holds at least sixty requests of botocore")
    func count() throws {
        let counts = try ["header", "presigned", "form"].map { try RepositoryVector.load($0).count }
        #expect(counts.reduce(0, +) >= 60 && counts.allSatisfy { $0 >= 10 })
    }

    static let signer = Signer(
        credentials: Credentials(
            accessKeyID: "AKIDEXAMPLE", secretAccessKey: Secret("secret"), source: "test"),
        region: "eu-central-1")
    static let noon = Timestamp(seconds: 1_790_683_200)
    static let object = Request.Resource.object(bucket: "acme", key: Array("k".utf8))

    static func aws() throws -> Endpoint { try Endpoint(awsRegion: "eu-central-1") }

    @Test("an object without key is refused, and so never becomes its bucket")
    func emptyKey() throws {
        let request = Request(.delete, .object(bucket: "acme", key: []))
        #expect(
            throws: RequestError(
                subject: "key", message: "the key of an object is never empty")
        ) {
            try SignerTests.signer.sign(request, to: SignerTests.aws(), at: SignerTests.noon)
        }
    }

    @Test(
        "a header that would begin another one is refused",
        arguments: [
            Header("x-a", "1\r\nx-b: 2"), Header("x-a", "1\nx-b"), Header("x-a", "\0"),
            Header("x a", "1"), Header("", "1"), Header("x-a:", "1"), Header("x-\u{e9}", "1"),
        ])
    func injection(header: Header) throws {
        let request = Request(.get, SignerTests.object, headers: [header])
        #expect(throws: RequestError.self) {
            try SignerTests.signer.sign(request, to: SignerTests.aws(), at: SignerTests.noon)
        }
        #expect(throws: RequestError.self) {
            try SignerTests.signer.presign(
                request, to: SignerTests.aws(), at: SignerTests.noon, expires: 60)
        }
    }

    @Test("a URL lives between a second and a week", arguments: [Int.min, -1, 0, 604_801, Int.max])
    func lifetime(expires: Int) throws {
        #expect(throws: RequestError.self) {
            try SignerTests.signer.presign(
                Request(.get, SignerTests.object), to: SignerTests.aws(), at: SignerTests.noon,
                expires: expires)
        }
    }

    @Test("headers that change on the way are sent and not signed")
    func unsigned() throws {
        let plain = try SignerTests.signer.sign(
            Request(.get, SignerTests.object), to: SignerTests.aws(), at: SignerTests.noon)
        let more = try SignerTests.signer.sign(
            Request(
                .get, SignerTests.object,
                headers: [
                    Header("User-Agent", "s3prune"), Header("Expect", "100-continue"),
                ]), to: SignerTests.aws(), at: SignerTests.noon)
        #expect(more.headers.contains(Header("User-Agent", "s3prune")))
        #expect(more.headers.last == plain.headers.last)
    }

    @Test("the signing key changes at midnight and with the region")
    func keyCache() throws {
        let request = Request(.get, SignerTests.object)
        let days = [0, 86400, 0, 86399].map { SignerTests.noon.advanced(bySeconds: $0) }
        let shared = try days.map {
            try SignerTests.signer.sign(request, to: SignerTests.aws(), at: $0).headers
        }
        let fresh = try days.map { day in
            let signer = Signer(credentials: SignerTests.signer.credentials, region: "eu-central-1")
            return try signer.sign(request, to: SignerTests.aws(), at: day).headers
        }
        #expect(shared == fresh)
        #expect(Set(shared).count == 3)
        let other = Signer(credentials: SignerTests.signer.credentials, region: "eu-west-1")
        #expect(try other.sign(request, to: SignerTests.aws(), at: days[0]).headers != shared[0])
    }

    @Test("a signer may be used by several threads at once")
    func threads() async throws {
        let request = Request(.get, SignerTests.object)
        let expected = try SignerTests.signer.sign(
            request, to: SignerTests.aws(), at: SignerTests.noon
        ).headers
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    try (0..<200).allSatisfy { _ in
                        try SignerTests.signer.sign(
                            request, to: SignerTests.aws(), at: SignerTests.noon
                        ).headers == expected
                    }
                }
            }
            for try await same in group { #expect(same) }
        }
    }

    @Test("nothing of a signed request that is printed or reflected holds the token")
    func redaction() throws {
        let signer = Signer(
            credentials: Credentials(
                accessKeyID: "AKIDEXAMPLE", secretAccessKey: Secret("topsecret"),
                sessionToken: Secret("tokentext"), source: "test"),
            region: "eu-central-1")
        let signed = try signer.sign(
            Request(.get, SignerTests.object), to: SignerTests.aws(), at: SignerTests.noon)
        var dumped = ""
        dump(signed, to: &dumped)
        dump(signer, to: &dumped)
        dumped += "\(signed) \(String(reflecting: signed)) \(signer) \(signer.credentials)"
        #expect(!dumped.contains("topsecret") && !dumped.contains("tokentext"))
        #expect(dumped.contains("<redacted>"))
        #expect(signed.headers.contains(Header("x-amz-security-token", "tokentext")))
    }
}

extension RepositoryVector {
    /// The canonical request of what was signed, put together from its headers.
    func canonical(_ signed: SignedRequest, host target: Target) -> CanonicalRequest {
        CanonicalRequest(
            method: signed.method.rawValue, path: target.path, query: request.query,
            headers: signed.headers.filter { $0.name != "authorization" }
                + [Header("host", target.authority)],
            payloadHash: payloadHash ?? "")
    }
}

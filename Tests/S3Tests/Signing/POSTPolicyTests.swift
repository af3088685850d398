import CivilTime
import Foundation
import Testing

@testable import S3

@Suite("POST forms")
struct POSTPolicyTests {
    @Test("a form promises what botocore's promises", arguments: try RepositoryVector.load("form"))
    func form(vector: RepositoryVector) throws {
        let form = try vector.signer.sign(
            vector.formPolicy(), to: vector.place(), at: vector.instant)
        let theirs = try #require(Data(base64Encoded: vector.policyBase64 ?? ""))
        #expect(try conditions(Data(form.policy.utf8)) == conditions(theirs))
        #expect(form.url == vector.url)
        // What lies beyond U+FFFF is never two surrogates, which Ceph does not put together.
        #expect(!form.policy.lowercased().contains("\\ud8"))
    }

    @Test("a policy is signed as botocore signs it", arguments: try RepositoryVector.load("form"))
    func signature(vector: RepositoryVector) throws {
        let text = Array((vector.policyBase64 ?? "").utf8)
        let day = SigningDate(vector.instant).day
        #expect(vector.signer.signature(ofText: text, day: day) == vector.signature)

        let form = try vector.signer.sign(
            vector.formPolicy(), to: vector.place(), at: vector.instant)
        let fields = Dictionary(form.fields, uniquingKeysWith: { first, _ in first })
        #expect(fields["policy"] == Data(form.policy.utf8).base64EncodedString())
        #expect(
            fields["x-amz-signature"]
                == vector.signer.signature(ofText: Array((fields["policy"] ?? "").utf8), day: day))
        #expect(fields["key"] == vector.key)
    }

    @Test(
        "every field of a form is covered by a condition of the same value",
        arguments: try RepositoryVector.load("form"))
    func covered(vector: RepositoryVector) throws {
        let form = try vector.signer.sign(
            vector.formPolicy(), to: vector.place(), at: vector.instant)
        let covered = try conditions(Data(form.policy.utf8))
        for (name, value) in form.fields where !["policy", "x-amz-signature"].contains(name) {
            let exact = try canonical([name: value])
            let begins = try canonical(["starts-with", "$" + name, value])
            #expect(covered.contains(exact) || covered.contains(begins), "\(name)")
        }
    }

    /// Each condition, and the expiration, as JSON with sorted keys.
    private func conditions(_ policy: Data) throws -> Set<String> {
        let object = try #require(try JSONSerialization.jsonObject(with: policy) as? [String: Any])
        let list = try #require(object["conditions"] as? [Any])
        let expiration = try #require(object["expiration"] as? String)
        #expect(object.count == 2)
        return try Set(list.map(canonical) + [expiration])
    }

    private func canonical(_ value: Any) throws -> String {
        String(
            decoding: try JSONSerialization.data(withJSONObject: value, options: .sortedKeys),
            as: UTF8.self)
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var policy: POSTPolicy
    }

    static func policy(
        _ key: POSTPolicy.Key = .exact([97]), size: ClosedRange<Int64> = 1...10,
        expires: Int = 60, fields: [(name: String, value: String)] = []
    ) -> POSTPolicy {
        POSTPolicy(
            bucket: "acme", key: key, contentLength: size, expires: expires, fields: fields)
    }

    static let refusals = [
        Refusal(testDescription: "no time", policy: policy(expires: 0)),
        Refusal(testDescription: "negative time", policy: policy(expires: -5)),
        Refusal(testDescription: "more than a week", policy: policy(expires: 604_801)),
        Refusal(testDescription: "no key", policy: policy(.exact([]))),
        Refusal(testDescription: "every key", policy: policy(.prefix([]))),
        Refusal(
            testDescription: "a long key",
            policy: policy(
                .exact(Array(repeating: 97, count: 1025)))),
        Refusal(testDescription: "a key that is not UTF-8", policy: policy(.exact([0xff]))),
        Refusal(
            testDescription: "a key that S3 would replace",
            policy: policy(
                .exact(Array("a/${filename}".utf8)))),
        Refusal(testDescription: "over 5 GiB", policy: policy(size: 1...(5 << 30) + 1)),
        Refusal(testDescription: "under nothing", policy: policy(size: -1...1)),
        Refusal(
            testDescription: "a field twice", policy: policy(fields: [("a", "1"), ("A", "2")])),
        Refusal(
            testDescription: "another acl",
            policy: policy(
                fields: [("ACL", "public-read")])),
        Refusal(testDescription: "another date", policy: policy(fields: [("x-amz-date", "1")])),
        Refusal(testDescription: "a field after the file", policy: policy(fields: [("file", "1")])),
        Refusal(testDescription: "a field without name", policy: policy(fields: [("", "1")])),
        Refusal(
            testDescription: "fields too large",
            policy: policy(
                fields: [("x-amz-meta-a", String(repeating: "x", count: 20_000))])),
        Refusal(
            testDescription: "no bucket",
            policy: POSTPolicy(
                bucket: "", key: .exact([97]), expires: 60)),
    ]

    @Test("a form is refused for", arguments: refusals)
    func refused(refusal: Refusal) throws {
        #expect(throws: RequestError.self) {
            try SignerTests.signer.sign(
                refusal.policy, to: SignerTests.aws(), at: SignerTests.noon)
        }
    }

    @Test(
        "two dollar signs in a field are warned about",
        arguments: [("a$b", false), ("a$$b", true), ("$$", true)])
    func dollars(key: String, warned: Bool) {
        #expect((POSTPolicyTests.policy(.exact(Array(key.utf8))).warning != nil) == warned)
        let meta = POSTPolicyTests.policy(fields: [("x-amz-meta-a", key)])
        #expect((meta.warning != nil) == warned)
    }

    @Test("fractions of the signing date do not enter the expiration")
    func wholeSeconds() throws {
        let date = Timestamp(seconds: SignerTests.noon.seconds, nanoseconds: 999_999_999)
        let form = try SignerTests.signer.sign(
            POSTPolicyTests.policy(), to: SignerTests.aws(), at: date)
        #expect(form.expiration == SignerTests.noon.advanced(bySeconds: 60))
        #expect(form.policy.hasPrefix("{\"expiration\":\"\(form.expiration.rfc3339)\""))
    }
}

extension RepositoryVector {
    func formPolicy() throws -> POSTPolicy {
        let key = try #require(keyBytes)
        let sizes = try #require(contentLength)
        return POSTPolicy(
            bucket: try #require(bucket), key: prefix == true ? .prefix(key) : .exact(key),
            contentLength: sizes[0]...sizes[1], expires: try #require(expires),
            fields: (fields ?? []).map { ($0[0], $0[1]) })
    }
}

import Testing

@testable import S3

@Suite("locations")
struct S3LocationTests {
    @Test(
        "a location is a bucket and the bytes after the slash",
        arguments: [
            ("s3://acme", "acme", ""), ("s3://acme/", "acme", ""), ("s3://acme/a", "acme", "a"),
            ("s3://acme/a/b/", "acme", "a/b/"), ("s3://acme//a", "acme", "/a"),
            ("s3://acme/a%20b?c#d", "acme", "a%20b?c#d"), ("s3://acme/../x", "acme", "../x"),
            ("s3://acme/caf\u{e9}", "acme", "caf\u{e9}"), ("s3://acme/a b\n", "acme", "a b\n"),
            ("s3://Old_Bucket/k", "Old_Bucket", "k"), ("s3://a.b.c/k", "a.b.c", "k"),
        ])
    func reads(text: String, bucket: String, key: String) throws {
        let location = try S3Location(text)
        #expect(location.bucket == bucket && location.key == Array(key.utf8))
        #expect(location.hasKey == !key.isEmpty)
        #expect(try S3Location(location.description) == location)
    }

    @Test("composed and decomposed letters are two keys")
    func bytes() throws {
        #expect(try S3Location("s3://acme/\u{e9}") != S3Location("s3://acme/e\u{301}"))
    }

    @Test(
        "what is no location is refused",
        arguments: [
            "", "acme/key", "https://acme/key", "S3://acme", "s3:/acme", "s3://", "s3:///key",
            "s3://ab/key", "s3://../key", "s3://.acme", "s3://-acme", "s3://acme-", "s3://a b",
            "s3://acme:tenant/k", "s3://caf\u{e9}s/k", "s3://user@acme/k",
            "s3://acme/\u{fffd}", "s3://acme/" + String(repeating: "k", count: 1025),
            "s3://" + String(repeating: "a", count: 256),
        ])
    func refused(text: String) {
        #expect(throws: RequestError.self) { try S3Location(text) }
    }

    @Test(
        "directory buckets and ARNs are refused by name",
        arguments: [
            ("s3://acme--eun1-az1--x-s3/k", "directory buckets"),
            ("s3://arn:aws:s3:::acme/k", "ARNs"), ("arn:aws:s3:::acme", "ARNs"),
        ])
    func unsupported(text: String, named: String) throws {
        let error = #expect(throws: RequestError.self) { try S3Location(text) }
        #expect(error?.message.contains(named) == true)
        #expect(throws: RequestError.self) {
            try SignerTests.aws().target(of: .bucket("acme--eun1-az1--x-s3"))
        }
    }
}

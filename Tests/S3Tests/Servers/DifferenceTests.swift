import Foundation
import Testing

@testable import S3

/// What the servers answer where they differ from S3 or from each other, request by request. The
/// page `Tests/SERVERS.md` names each difference and what the programs make of it.
@Suite(
    "what real servers do differently", .enabled(if: !S3Server.all.isEmpty, S3Server.howToStart))
struct DifferenceTests {
    /// The text between the tags of every element of a name.
    private func texts(_ name: String, _ answer: Answer) throws -> [String] {
        let text = String(decoding: answer.body, as: UTF8.self)
        let element = try Regex("<\(name)>([^<]*)</\(name)>")
        return text.matches(of: element).map { String($0[1].substring ?? "") }
    }

    private func list(
        _ client: Client, _ bucket: String, _ more: [(String, String)]
    ) throws -> Answer {
        let query = [QueryItem("versions")] + more.map { QueryItem($0.0, $0.1) }
        return try client.perform(Request(.get, .bucket(bucket), query: query), operation: "List")
    }

    private func delete(_ version: String, _ key: String, _ bucket: String, _ client: Client) throws
    {
        _ = try client.perform(
            Request(
                .delete, .object(bucket: bucket, key: Array(key.utf8)),
                query: [QueryItem("versionId", version)]), operation: "DeleteObject")
    }

    @Test(
        "a marker whose version is gone loses entries, and nothing says so", arguments: S3Server.all
    )
    func markerGone(server: S3Server) throws {
        let client = try server.client()
        let bucket = try server.makeBucket(client)
        for key in ["a", "a", "a", "a", "a", "b", "b"] { _ = try client.put([1], key, bucket) }
        let first = try list(client, bucket, [("max-keys", "2")])
        let marker = try #require(try texts("NextVersionIdMarker", first).first)
        let markers = [("key-marker", "a"), ("version-id-marker", marker)]
        #expect(try texts("Key", try list(client, bucket, markers)) == ["a", "a", "a", "b", "b"])
        try delete(marker, "a", bucket, client)
        let rest = try list(client, bucket, markers)
        #expect(try texts("Key", rest) == (server.name == "ceph" ? ["b", "b"] : []))
        #expect(try texts("IsTruncated", rest) == ["false"])
    }

    @Test("key-marker alone begins with the key itself", arguments: S3Server.all)
    func keyMarkerAlone(server: S3Server) throws {
        let client = try server.client()
        let bucket = try server.makeBucket(client)
        for key in ["a", "b", "b", "c"] { _ = try client.put([1], key, bucket) }
        let keys = try texts("Key", try list(client, bucket, [("key-marker", "b")]))
        #expect(keys.first == "b" && keys.last == "c", "\(keys)")
    }

    @Test(
        "a control character in NextKeyMarker makes a page of Ceph no XML, and is understood",
        arguments: ["a\u{1}b", "x\u{FFFF}y", "a\rb", "a%2B+\u{1F}é"])
    func markerNoXML(key: String) throws {
        let server = try #require(S3Server.ceph)
        let client = try server.client()
        let bucket = try server.makeBucket(client)
        for _ in 0..<3 { _ = try client.put([1], key, bucket) }
        let more = [("encoding-type", "url"), ("max-keys", "2")]
        let first = try list(client, bucket, more)
        if key != "a\rb" { #expect((try? XMLTree(first.body)) == nil) }
        let parser = VersionPageParser(bucket: bucket)
        let page = try parser.parse(first.body)
        let next = try #require(page.next)
        #expect(next.key == Array(key.utf8))
        let version = String(decoding: next.versionID, as: UTF8.self)
        let second = try list(
            client, bucket, more + [("key-marker", key), ("version-id-marker", version)])
        let last = try parser.parse(second.body)
        var sequence = PageSequence()
        try sequence.accept(page)
        try sequence.accept(last)
        try sequence.finish()
        #expect(page.entries.count + last.entries.count == 3)
    }

    @Test("errors come without a body, and without a message")
    func errors() throws {
        let server = try #require(S3Server.ceph)
        let client = try server.client { $0.retry.maxAttempts = 1 }
        let bucket = try server.makeBucket(client)
        let noBody = s3Error {
            _ = try client.perform(
                Request(.post, .bucket(bucket), query: [QueryItem("delete")]),
                operation: "DeleteObjects")
        }
        #expect(noBody?.status == 400 && noBody?.code.isEmpty == false, "\(noBody as Any)")
        let noMessage = s3Error { _ = try client.read("nothing", bucket) }
        #expect(noMessage?.code == "NoSuchKey")
        #expect(noMessage?.description.contains("NoSuchKey") == true)
        let head = s3Error { _ = try client.headObject(Array("nothing".utf8), bucket: bucket) }
        #expect(head?.status == 404)
    }

    @Test("Ceph heeds Content-MD5 and no x-amz-checksum")
    func checksums() throws {
        let server = try #require(S3Server.ceph)
        let client = try server.client { $0.retry.maxAttempts = 1 }
        let bucket = try server.makeBucket(client)
        func put(_ header: Header) throws {
            let request = Request(
                .put, .object(bucket: bucket, key: Array("k".utf8)), headers: [header],
                payload: .hashing([1]))
            _ = try client.perform(request, operation: "PutObject", body: [1])
        }
        try put(Header("x-amz-checksum-crc32", "AAAAAA=="))
        let wrong = s3Error { try put(Header("Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA==")) }
        #expect(wrong?.code == "BadDigest")
        // The checksum of the program's own stands in both.
        _ = try client.another(cancellation: nil) { $0.checksums = .on }.put([1], "k", bucket)
    }

    @Test("Ceph takes a signature for any region")
    func region() throws {
        let server = try #require(S3Server.ceph)
        let bucket = try server.makeBucket(server.client())
        let endpoint = try Endpoint(url: server["ENDPOINT"], region: "eu-central-1")
        let elsewhere = Client(
            endpoint: endpoint, credentials: server.credentials(),
            options: Client.Options(clock: { S3Server.now() }, sleep: { _ in }))
        _ = try elsewhere.put([1, 2], "k", bucket)
        #expect(try elsewhere.read("k", bucket) == [1, 2])
        #expect(elsewhere.endpoint.region == "eu-central-1")
    }

    @Test("BlockPublicAcls stops every upload to Ceph, and the other switches stop none")
    func publicACLs() throws {
        let server = try #require(S3Server.ceph)
        let client = try server.client()
        let bucket = try server.makeBucket(client)
        var block = PublicAccessBlock.all
        try client.setPublicAccessBlock(block, ofBucket: bucket)
        let refused = s3Error { _ = try client.put([1], "k", bucket) }
        #expect(refused?.status == 403 && refused?.code == "AccessDenied")
        block.blocksACLs = false
        try client.setPublicAccessBlock(block, ofBucket: bucket)
        _ = try client.put([1], "k", bucket)
    }

    @Test("moto takes 1,001 deletions at once, Ceph a thousand", arguments: S3Server.all)
    func batches(server: S3Server) throws {
        let client = try server.client { $0.retry.maxAttempts = 1 }
        let bucket = try server.makeBucket(client)
        let entry = "<Object><Key>k</Key><VersionId>nonsense</VersionId></Object>"
        func delete(_ count: Int) throws {
            let body = Array(
                ("<Delete><Quiet>true</Quiet>" + String(repeating: entry, count: count)
                    + "</Delete>").utf8)
            let request = Request(
                .post, .bucket(bucket), query: [QueryItem("delete")],
                headers: [Header("Content-MD5", Base64.encode(Digest.hash(body, .md5)))],
                payload: .hashing(body))
            _ = try client.perform(request, operation: "DeleteObjects", body: body)
        }
        try delete(1000)
        let more = s3Error { try delete(1001) }
        #expect(more?.status == (server.name == "ceph" ? 400 : nil), "\(more as Any)")
    }

    @Test("a suspended bucket of moto loses all versions of a key with the next put")
    func suspended() throws {
        let server = try #require(S3Server.all.first { $0.name == "moto" })
        let client = try server.client()
        let bucket = try server.makeBucket(client)
        for byte in [1, 2, 3] as [UInt8] { _ = try client.put([byte], "k", bucket) }
        try client.set(
            "versioning", ofBucket: bucket, operation: "PutBucketVersioning",
            Array(
                "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>"
                    .utf8))
        #expect(try client.versioning(ofBucket: bucket).status == .suspended)
        _ = try client.put([4], "k", bucket)
        #expect(try texts("Key", try list(client, bucket, [])) == ["k"])
    }
}

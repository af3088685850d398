import Foundation
import Testing

@testable import S3

/// What the servers answer, read as it comes: the bytes that the programs have to cope with.
@Suite(
    "the answers of real servers, as they come",
    .enabled(if: !S3Server.all.isEmpty, S3Server.howToStart))
struct RawAnswerTests {
    /// Sends a request once, and gives its answer whatever that is.
    private func answer(
        _ server: S3Server, _ request: Request, _ body: [UInt8] = [], user: String = "admin"
    ) throws -> Answer {
        let signer = Signer(credentials: server.credentials(user), region: "us-east-1")
        let signed = try signer.sign(request, to: server.endpoint(), at: S3Server.now())
        let connection = Connection(options: Client.Options(clock: { S3Server.now() }))
        let outcome = body.withUnsafeBytes {
            connection.perform(Exchange(request: signed, body: $0))
        }
        try #require(outcome.failure == nil)
        return outcome.answer
    }

    private func list(
        _ server: S3Server, _ bucket: String, _ more: [QueryItem] = []
    ) throws -> String {
        let request = Request(.get, .bucket(bucket), query: [QueryItem("versions")] + more)
        return String(decoding: try answer(server, request).body, as: UTF8.self)
    }

    private func object(_ key: String, in bucket: String) -> Request.Resource {
        .object(bucket: bucket, key: Array(key.utf8))
    }

    private func setPolicy(
        _ client: Client, _ bucket: String, _ effect: String, _ user: String, _ actions: String,
        _ resource: String = "/*"
    ) throws {
        let policy = """
            {"Version":"2012-10-17","Statement":[{"Effect":"\(effect)",\
            "Principal":{"AWS":["arn:aws:iam:::user/\(user)"]},\(actions),\
            "Resource":["arn:aws:s3:::\(bucket)/*","arn:aws:s3:::\(bucket)\(resource)"]}]}
            """
        try client.set(
            "policy", ofBucket: bucket, operation: "PutBucketPolicy", Array(policy.utf8))
    }

    @Test(
        "asked for encoded keys, Ceph encodes keys alone and moto nothing", arguments: S3Server.all)
    func encoding(server: S3Server) throws {
        let client = try server.client()
        let bucket = try server.makeBucket(client)
        for _ in 0..<2 { _ = try client.put([1], "p q/a b+é", bucket) }
        let text = try list(
            server, bucket,
            [
                QueryItem("encoding-type", "url"), QueryItem("max-keys", "1"),
                QueryItem("prefix", "p q/"),
            ])
        #expect(text.contains("<NextKeyMarker>p q/a b+é</NextKeyMarker>"), "\(text)")
        #expect(text.contains("<Prefix>p q/</Prefix>"), "\(text)")
        let isCeph = server.name == "ceph"
        let key = isCeph ? "p%20q%2Fa%20b%2B%C3%A9" : "p q/a b+é"
        #expect(text.contains("<Key>\(key)</Key>"), "\(text)")
        #expect(text.contains("<EncodingType>url</EncodingType>") == isCeph, "\(text)")
    }

    @Test("Ceph lists markers among the versions, moto after them", arguments: S3Server.all)
    func markers(server: S3Server) throws {
        let client = try server.client()
        let bucket = try server.makeBucket(client)
        for isVersion in [true, true, false, true, false, true] {
            if isVersion {
                _ = try client.put([1], "k", bucket)
            } else {
                _ = try answer(server, Request(.delete, object("k", in: bucket)))
            }
        }
        let kinds = try list(server, bucket).matches(of: /<(Version|DeleteMarker)>/)
        #expect(
            kinds.map { $0.1.prefix(1) }.joined() == (server.name == "ceph" ? "VDVDVV" : "VVVVDD"))
    }

    @Test("Ceph's errors may lack the body, or the message")
    func errors() throws {
        let server = try #require(S3Server.ceph)
        let bucket = try server.makeBucket(server.client())
        let noBody = try answer(
            server, Request(.post, .bucket(bucket), query: [QueryItem("delete")]))
        #expect(noBody.status == 400 && noBody.body.isEmpty)
        let noMessage = try answer(server, Request(.get, object("nothing", in: bucket)))
        let text = String(decoding: noMessage.body, as: UTF8.self)
        #expect(noMessage.status == 404)
        #expect(text.contains("<Code>NoSuchKey</Code><Message></Message>"), "\(text)")
    }

    @Test("completed at Ceph, an upload has no entity tag, and the second time no version id")
    func completion() throws {
        let server = try #require(S3Server.ceph)
        let client = try server.client()
        let bucket = try server.makeBucket(client)
        let upload = try client.createMultipartUpload(key: Array("k".utf8), bucket: bucket)
        let part = try client.send([1], number: 1, of: upload)
        let body = Array(
            ("<CompleteMultipartUpload><Part><PartNumber>1</PartNumber>"
                + "<ETag>\(part.etag)</ETag></Part></CompleteMultipartUpload>").utf8)
        let request = Request(
            .post, object("k", in: bucket), query: [QueryItem("uploadId", upload.id)],
            payload: .hashing(body))
        let answers = try (0..<2).map { _ in try answer(server, request, body) }
        #expect(answers.map(\.status) == [200, 200])
        #expect(answers.map { $0["x-amz-version-id"] == nil } == [false, true])
        let isEmpty = answers.map {
            String(decoding: $0.body, as: UTF8.self).contains("<ETag></ETag>")
        }
        #expect(isEmpty == [true, false])
    }

    @Test("a batch is refused whole by Ceph without a right that each deletion can do without")
    func batch() throws {
        let server = try #require(S3Server.ceph)
        let client = try server.client()
        let bucket = try server.makeBucket(client)
        func delete(_ version: VersionID) throws -> Int {
            let id = String(decoding: version.bytes, as: UTF8.self)
            let body = Array(
                "<Delete><Object><Key>k</Key><VersionId>\(id)</VersionId></Object></Delete>".utf8)
            let request = Request(
                .post, .bucket(bucket), query: [QueryItem("delete")],
                headers: [Header("Content-MD5", Base64.encode(Digest.hash(body, .md5)))],
                payload: .hashing(body))
            return try answer(server, request, body, user: "pruner").status
        }
        for (actions, status) in [
            ("[\"s3:DeleteObjectVersion\"]", 403),
            ("[\"s3:DeleteObjectVersion\",\"s3:DeleteObject\"]", 200),
        ] {
            let version = try #require(try client.put([1], "k", bucket).versionID)
            try setPolicy(client, bucket, "Allow", "pruner", "\"Action\":\(actions)", "")
            #expect(try delete(version) == status)
            let left = try? client.read("k", bucket, version: version)
            #expect(left == (status == 403 ? [1] : nil))
            let alone = Request(
                .delete, object("k", in: bucket), query: [QueryItem("versionId", version.bytes)])
            #expect(try answer(server, alone, user: "pruner").status == 204)
            #expect((try? client.read("k", bucket, version: version)) == nil)
        }
    }

    @Test("a Deny of Ceph with NotAction denies nothing, and one with Action does")
    func notAction() throws {
        let server = try #require(S3Server.ceph)
        let client = try server.client()
        let bucket = try server.makeBucket(client)
        for (actions, status) in [
            ("\"NotAction\":[\"s3:PutObject\"]", 204), ("\"Action\":[\"s3:DeleteObject\"]", 403),
        ] {
            try setPolicy(client, bucket, "Deny", "admin:uploader", actions, "")
            let request = Request(.delete, object("k", in: bucket))
            #expect(try answer(server, request, user: "uploader").status == status)
        }
    }
}

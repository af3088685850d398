import Foundation
import Testing

@testable import S3

@Suite("uploads to a real server", .enabled(if: !S3Server.all.isEmpty, S3Server.howToStart))
struct UploadTests {
    private static let megabyte = 1 << 20
    private let key = "db/ä b+c%/m.sql.gz.gpg"

    @Test("an object is stored with what goes with it, and read back", arguments: S3Server.all)
    func object(server: S3Server) throws {
        let client = try server.client { $0.checksums = .on }
        let bucket = try server.makeBucket(client)
        let body = Upload.bytes(3 * Self.megabyte)
        let attributes = ObjectAttributes(
            contentType: "application/pgp-encrypted", metadata: ["token": "a b", "Host": "web1"],
            storageClass: "STANDARD", tagging: "job=db&name=a%20b")
        let stored = try client.put(body, key, bucket, attributes: attributes)
        let version = try #require(stored.versionID)
        #expect(!stored.mayHaveTwin)
        let second = try client.put([1, 2, 3], key, bucket)
        #expect(second.versionID != version)
        let info = try client.headObject(Array(key.utf8), bucket: bucket, versionID: version)
        #expect(info.size == Int64(body.count) && info.versionID == version)
        #expect(info.metadata == ["token": "a b", "host": "web1"])
        #expect(info.etag == stored.etag && info.lastModified != nil)
        #expect(try client.headObject(Array(key.utf8), bucket: bucket).size == 3)
        #expect(try client.read(key, bucket, version: version) == body)
        #expect(try client.read(key, bucket) == [1, 2, 3])
        let part = try client.read(key, bucket, version: version, range: 1_000_000..<1_000_100)
        #expect(part == Array(body[1_000_000..<1_000_100]))
        let tail = try client.read(
            key, bucket, version: version, range: Int64(body.count) - 5..<Int64.max / 2)
        #expect(tail == Array(body.suffix(5)))
    }

    @Test("an empty object is stored and read", arguments: S3Server.all)
    func empty(server: S3Server) throws {
        let client = try server.client()
        let bucket = try server.makeBucket(client)
        #expect(try client.put([], key, bucket).etag == "d41d8cd98f00b204e9800998ecf8427e")
        #expect(try client.read(key, bucket).isEmpty)
        let error = s3Error { try client.read(key, bucket, range: 0..<1) }
        #expect(error?.code == "InvalidRange")
    }

    @Test(
        "parts sent in any order, and twice, become their bytes in order", arguments: S3Server.all)
    func parts(server: S3Server) throws {
        let client = try server.client { $0.checksums = .on }
        let bucket = try server.makeBucket(client)
        let bodies = [
            Upload.bytes(5 * Self.megabyte), Upload.bytes(6 * Self.megabyte), Upload.bytes(7),
        ]
        let upload = try client.createMultipartUpload(
            key: Array(key.utf8), bucket: bucket,
            attributes: ObjectAttributes(metadata: ["token": "t1"]))
        let other = client.another()
        _ = try other.send([9, 9], number: 1, of: upload)
        let third = try other.send(bodies[2], number: 3, of: upload)
        let second = try client.send(bodies[1], number: 2, of: upload)
        let first = try other.send(bodies[0], number: 1, of: upload)
        let known = try client.parts(ofUpload: upload.id, key: upload.key, bucket: bucket)
        #expect(known.map(\.size) == bodies.map { Int64($0.count) })
        #expect(known.map(\.etag) == [first, second, third].map(\.etag))
        #expect(
            try client.multipartUploads(inBucket: bucket, prefix: []).uploads.map(\.id) == [
                upload.id
            ])
        let end = try client.completeMultipartUpload(upload, parts: [first, second, third])
        guard case .completed(let stored) = end else {
            Issue.record("\(end)")
            return
        }
        let version = try #require(stored.versionID)
        let whole = Array(bodies.joined())
        #expect(try client.read(key, bucket, version: version) == whole)
        let info = try client.headObject(upload.key, bucket: bucket, versionID: version)
        #expect(info.size == Int64(whole.count) && info.metadata == ["token": "t1"])
        #expect(info.etag.hasSuffix("-3"))
        #expect(try client.multipartUploads(inBucket: bucket, prefix: []).uploads.isEmpty)
    }

    @Test("completing again makes no second version", arguments: S3Server.all)
    func completeAgain(server: S3Server) throws {
        let client = try server.client()
        let bucket = try server.makeBucket(client)
        let upload = try client.createMultipartUpload(key: Array(key.utf8), bucket: bucket)
        let part = try client.send([1], number: 1, of: upload)
        for time in 0..<2 {
            let end = try client.completeMultipartUpload(upload, parts: [part])
            guard case .completed(let stored) = end else {
                Issue.record("\(end)")
                return
            }
            // Ceph names the version once.
            #expect((stored.versionID == nil) == (server.name == "ceph" && time == 1))
        }
        var lister = VersionLister(client: client, bucket: bucket, prefix: [])
        #expect(try lister.nextPage()?.entries.count == 1)
    }

    @Test("parts that do not belong together make no object", arguments: S3Server.all)
    func wrongParts(server: S3Server) throws {
        let client = try server.client { $0.retry.maxAttempts = 2 }
        let bucket = try server.makeBucket(client)
        let upload = try client.createMultipartUpload(key: Array(key.utf8), bucket: bucket)
        let small = try client.send([1], number: 1, of: upload)
        let last = try client.send([2], number: 2, of: upload)
        let tooSmall = s3Error { try client.completeMultipartUpload(upload, parts: [small, last]) }
        #expect(tooSmall?.code == "EntityTooSmall" && tooSmall?.effectUnknown == false)
        var other = small
        other.etag = String(repeating: "0", count: 32)
        let wrong = s3Error { try client.completeMultipartUpload(upload, parts: [other]) }
        #expect(wrong?.code == "InvalidPart")
        try client.abort(upload)
        try client.abort(upload)
        // Ceph answers 500 "already in progress" to this, and moto to both.
        if case .completed = try? client.completeMultipartUpload(upload, parts: [small]) {
            Issue.record("an upload that is gone was completed")
        }
        let late = s3Error { try client.send([1], number: 1, of: upload) }
        #expect(late?.code == (server.name == "ceph" ? "NoSuchUpload" : "InternalError"))
        #expect(s3Error { try client.headObject(Array(key.utf8), bucket: bucket) }?.status == 404)
    }

    @Test("a delete marker is no object, and the versions below it stay", arguments: S3Server.all)
    func deleteMarker(server: S3Server) throws {
        let client = try server.client()
        let bucket = try server.makeBucket(client)
        let object = Request.Resource.object(bucket: bucket, key: Array(key.utf8))
        let version = try #require(try client.put([1], key, bucket).versionID)
        let answer = try client.perform(Request(.delete, object), operation: "DeleteObject")
        let marker = try #require(answer["x-amz-version-id"].flatMap { VersionID($0) })
        for id in [nil, marker] {
            let head = s3Error {
                try client.headObject(Array(key.utf8), bucket: bucket, versionID: id)
            }
            // Ceph says nothing of markers.
            #expect(head?.isDeleteMarker == (server.name == "moto"))
            #expect(s3Error { try client.read(key, bucket, version: id) }?.status == 404)
        }
        #expect(try client.read(key, bucket, version: version) == [1])
        let missing = s3Error { try client.headObject(Array("missing".utf8), bucket: bucket) }
        #expect(missing?.status == 404 && missing?.isDeleteMarker == false)
    }

    /// What a user who may write to a bucket must be denied by name: Ceph 16 takes a Deny with
    /// NotAction and ignores it.
    private static let denied = [
        "s3:Get*", "s3:List*", "s3:Delete*", "s3:PutBucket*", "s3:PutLifecycleConfiguration",
        "s3:PutObjectAcl", "s3:PutObjectTagging",
    ]

    @Test(
        "a user who may only put uploads whole and in parts, reads nothing and deletes nothing",
        .enabled(if: S3Server.ceph != nil, S3Server.howToStart))
    func putOnly() throws {
        let server = try #require(S3Server.ceph)
        let admin = try server.client()
        let bucket = try server.makeBucket(admin)
        let actions = Self.denied.map { "\"\($0)\"" }.joined(separator: ",")
        let policy = """
            {"Version":"2012-10-17","Statement":[{"Effect":"Deny",\
            "Principal":{"AWS":["arn:aws:iam:::user/admin:uploader"]},"Action":[\(actions)],\
            "Resource":["arn:aws:s3:::\(bucket)","arn:aws:s3:::\(bucket)/*"]}]}
            """
        try admin.set(
            "policy", ofBucket: bucket, operation: "PutBucketPolicy", Array(policy.utf8))
        let client = try server.client(user: "uploader")
        let version = try #require(try client.put([1], "a", bucket).versionID)
        let upload = try client.createMultipartUpload(key: Array("b".utf8), bucket: bucket)
        let part = try client.send([2], number: 1, of: upload)
        let end = try client.completeMultipartUpload(upload, parts: [part])
        guard case .completed = end else {
            Issue.record("\(end)")
            return
        }
        let object = ObjectVersion(key: Array("a".utf8), id: version)
        var lister = VersionLister(client: client, bucket: bucket, prefix: [])
        for error in [
            s3Error { _ = try client.headObject(Array("a".utf8), bucket: bucket) },
            s3Error { _ = try client.read("a", bucket) },
            s3Error { _ = try client.read("a", bucket, version: version) },
            s3Error { _ = try lister.nextPage() },
            s3Error { _ = try client.lifecycle(ofBucket: bucket) },
            s3Error { _ = try client.versioning(ofBucket: bucket) },
            s3Error { try client.enableVersioning(ofBucket: bucket) },
        ] {
            #expect(error?.status == 403 && error?.concernsPermission == true, "\(error as Any)")
            #expect(error?.hint?.hasPrefix("the user needs s3:") == true, "\(error as Any)")
        }
        let together = s3Error { _ = try client.delete([object], inBucket: bucket) }
        #expect(together?.status == 403 && together?.concernsPermission == true)
        for query in [[], [QueryItem("versionId", version.bytes)]] {
            let refused = s3Error {
                let resource = Request.Resource.object(bucket: bucket, key: object.key)
                _ = try client.perform(
                    Request(.delete, resource, query: query), operation: "DeleteObject")
            }
            #expect(refused?.status == 403)
        }
        #expect(try admin.read("a", bucket) == [1])
        #expect(try admin.read("b", bucket) == [2])
    }

    @Test(
        "over TLS with an authority of its own, an object is the same",
        .enabled(if: S3Server.ceph != nil, S3Server.howToStart))
    func tls() throws {
        let server = try #require(S3Server.ceph)
        let bucket = try server.makeBucket(server.client())
        let client = try server.client(endpoint: "TLS_ENDPOINT") {
            $0.caBundle = server["CA_BUNDLE"]
            $0.sendLimit = SendLimit(bytesPerSecond: 40 << 20)
        }
        let body = Upload.bytes(9 * Self.megabyte)
        _ = try client.put(body, key, bucket)
        #expect(try client.read(key, bucket) == body)
        let stranger = try server.client(endpoint: "TLS_ENDPOINT") {
            $0.caBundle = server["OTHER_CA_BUNDLE"]
        }
        #expect(s3Error { try stranger.put(body, "x", bucket) }?.cause == .tls)
    }
}

import FaultServer
import Foundation
import Testing

@testable import S3

@Suite("storing a whole object")
struct PutObjectTests {
    private let body = Upload.bytes(1000)

    @Test("goes with its hashes, and tells version, entity tag and checksum")
    func request() throws {
        let crc = CRC64NVME(of: body).text
        let rig = try Rig([
            Upload.stored(body, [("x-amz-version-id", "v1"), ("x-amz-checksum-crc64nvme", crc)])
        ]) { $0.checksums = .on }
        let object = try rig.putObject(body)
        let tag = Hex.encode(Digest.hash(body, .md5))
        #expect(
            object
                == StoredObject(
                    versionID: VersionID("v1"), etag: tag, crc64nvme: crc, mayHaveTwin: false))
        let sent = rig.server.requests[0]
        #expect(sent.method == "PUT" && sent.target == "/bkt/db/m.sql.gz")
        #expect(sent["content-md5"] == Base64.encode(Digest.hash(body, .md5)))
        #expect(sent["x-amz-content-sha256"] == Digest.sha256Text(body))
        #expect(sent["x-amz-checksum-crc64nvme"] == crc)
    }

    @Test("all attributes are sent, signed, in headers of their own")
    func attributes() throws {
        let attributes = ObjectAttributes(
            contentType: "application/pgp-encrypted",
            metadata: ["Token": "a b", "host": "web1"], storageClass: "STANDARD_IA",
            encryption: .init(.kms, keyID: "k-1"), tagging: "a=b&c=d%20e")
        let expected = [
            "content-type": "application/pgp-encrypted", "x-amz-meta-token": "a b",
            "x-amz-meta-host": "web1", "x-amz-storage-class": "STANDARD_IA",
            "x-amz-server-side-encryption": "aws:kms",
            "x-amz-server-side-encryption-aws-kms-key-id": "k-1", "x-amz-tagging": "a=b&c=d%20e",
        ]
        let rig = try Rig([
            .init(headers: [("ETag", "\"x\"")]),
            .init(
                text: "<InitiateMultipartUploadResult><Bucket>bkt</Bucket>"
                    + "<Key>db/m.sql.gz</Key><UploadId>u1</UploadId>"
                    + "</InitiateMultipartUploadResult>"),
        ])
        // With a key of its own the server's entity tag is no MD5.
        #expect(try rig.putObject(body, attributes).etag == "x")
        let upload = try rig.client.createMultipartUpload(
            key: Upload.key, bucket: "bkt", attributes: attributes)
        #expect(!upload.hasMD5Tags)
        for sent in rig.server.requests {
            for (name, value) in expected {
                #expect(sent[name] == value)
                #expect(sent["authorization"]?.contains(name) == true, "\(name) is not signed")
            }
        }
    }

    static let unfit: [(String, ObjectAttributes)] = [
        ("a line break", ObjectAttributes(metadata: ["a": "b\r\nx-amz-acl: public-read"])),
        ("beyond ASCII", ObjectAttributes(metadata: ["a": "ü"])),
        ("a space at the end", ObjectAttributes(metadata: ["a": "b "])),
        ("a name that is none", ObjectAttributes(metadata: ["a b": "c"])),
        ("a name twice", ObjectAttributes(metadata: ["A": "1", "a": "2"])),
        ("too much", ObjectAttributes(metadata: ["a": String(repeating: "x", count: 2048)])),
        ("tags beyond ASCII", ObjectAttributes(tagging: "a=ü")),
    ]

    @Test("what a header would change is refused before anything is sent", arguments: unfit)
    func refused(name: String, attributes: ObjectAttributes) throws {
        let rig = try Rig([])
        let error = s3Error { try rig.putObject(body, attributes) }
        #expect(error?.cause == .request, "\(name)")
        #expect(rig.server.requests.isEmpty, "\(name)")
    }

    @Test("an answer that was lost may mean that there are two")
    func twin() throws {
        let rig = try Rig([.init(course: .noAnswer), Upload.stored(body)])
        #expect(try rig.putObject(body).mayHaveTwin)
        let denied = try Rig([.init(course: .noAnswer), .error(403, "AccessDenied")])
        let error = s3Error { try denied.putObject(body) }
        #expect(error?.effectUnknown == true)
        let slow = try Rig([.error(503, "SlowDown"), Upload.stored(body)])
        #expect(try !slow.putObject(body).mayHaveTwin)
    }

    @Test("an entity tag of other bytes is worth one more attempt, which is no twin")
    func otherTag() throws {
        for answer in [Upload.stored(body), Upload.stored([1])] {
            let rig = try Rig([Upload.stored([1]), answer, Upload.stored(body)]) {
                $0.retry.maxAttempts = nil
            }
            var object: StoredObject?
            let error = s3Error { object = try rig.putObject(body) }
            #expect(rig.server.requests.count == 2)
            if error == nil {
                #expect(object?.mayHaveDamagedTwin == true && object?.mayHaveTwin == false)
            } else {
                #expect(error?.code == "EntityTagMismatch" && error?.effectUnknown == true)
                #expect(error?.isTransient == false)
            }
        }
    }

    @Test("a large body waits for the server's word, a small one does not")
    func expect() throws {
        let server = try Upload.server()
        let rig = try Rig(server)
        _ = try rig.putObject(Upload.bytes((1 << 20) + 1))
        _ = try rig.putObject(Upload.bytes(1 << 20))
        #expect(
            server.requests[0]["expect"] == "100-continue" && server.requests[1]["expect"] == nil)
        var refusal = FaultServer.Reply.error(403, "AccessDenied")
        refusal.readsAtMost = 0
        let refusing = try Rig([refusal])
        let large = Upload.bytes(8_000_000)
        let error = s3Error { try refusing.putObject(large) }
        #expect(error?.code == "AccessDenied")
        #expect(refusing.server.requests[0].body.isEmpty)
    }

    @Test("a server that does not wait for the body's permission gets the body without asking")
    func expectationFailed() throws {
        let body = Upload.bytes(2_000_000)
        let server = try FaultServer(
            head: { request in
                guard request["expect"] != nil else { return nil }
                var refusal = FaultServer.Reply(417)
                refusal.readsAtMost = 0
                return refusal
            }, answer: { Upload.stored($0.body) })
        let rig = try Rig(server)
        #expect(try !rig.putObject(body).mayHaveTwin)
        #expect(server.requests.map(\.body.count) == [0, 2_000_000])
        #expect(rig.waits.isEmpty)
    }

    @Test("a redirection, answered before the body, is not followed and not sent the body")
    func redirected() throws {
        let other = try Upload.server()
        for status in [301, 302, 307, 308] {
            var away = FaultServer.Reply(status, headers: [("Location", "\(other.url)/bkt/k")])
            away.readsAtMost = 0
            let rig = try Rig([away])
            let error = s3Error { try rig.putObject(Upload.bytes(2_000_000)) }
            #expect(error?.status == status && error?.attempts == 1)
            #expect(rig.server.requests.map(\.body.count) == [0])
        }
        #expect(other.requests.isEmpty)
    }

    @Test("another region, named before the body, gets the body with its own signature")
    func regionBeforeBody() throws {
        var moved = FaultServer.Reply(
            400,
            text: "<Error><Code>AuthorizationHeaderMalformed</Code><Message>m</Message>"
                + "<Region>eu-west-3</Region></Error>")
        moved.readsAtMost = 0
        let body = Upload.bytes(2_000_000)
        let rig = try Rig([moved, Upload.stored(body)])
        #expect(try !rig.putObject(body).mayHaveTwin)
        #expect(rig.server.requests.map(\.body.count) == [0, 2_000_000])
        #expect(rig.server.requests[1]["authorization"]?.contains("/eu-west-3/s3/") == true)
    }

    @Test("an empty object is stored like any other")
    func empty() throws {
        let rig = try Rig(try Upload.server())
        #expect(try rig.putObject([]).etag == "d41d8cd98f00b204e9800998ecf8427e")
        #expect(rig.server.requests[0]["content-length"] == "0")
    }
}

@Suite("beginning an upload")
struct CreateMultipartUploadTests {
    private func begun(key: String = "db/m.sql.gz", id: String = "u1") -> FaultServer.Reply {
        .init(
            text: "<InitiateMultipartUploadResult><Bucket>bkt</Bucket><Key>\(key)</Key>"
                + "<UploadId>\(id)</UploadId></InitiateMultipartUploadResult>")
    }

    private func create(_ rig: Rig) throws(S3Error) -> OpenUpload {
        try rig.client.createMultipartUpload(key: Upload.key, bucket: "bkt")
    }

    @Test("gives the upload's id; checksums are announced where the server knows them")
    func request() throws {
        for use in [ChecksumUse.on, .off] {
            let rig = try Rig([begun()]) { $0.checksums = use }
            let upload = try create(rig)
            #expect(upload.id == "u1" && upload.checksCRC == (use == .on) && !upload.mayHaveTwin)
            let sent = rig.server.requests[0]
            #expect(sent.method == "POST" && sent.target == "/bkt/db/m.sql.gz?uploads=")
            #expect(sent["x-amz-checksum-algorithm"] == (use == .on ? "CRC64NVME" : nil))
            #expect(sent["x-amz-checksum-type"] == (use == .on ? "FULL_OBJECT" : nil))
        }
    }

    @Test("is tried again after a lost answer, and says that an upload may be left")
    func lost() throws {
        let rig = try Rig([.init(course: .noAnswer), begun()])
        #expect(try create(rig).mayHaveTwin)
        let cut = try Rig([.init(text: "<InitiateMulti"), begun()])
        #expect(try create(cut).mayHaveTwin)
    }

    @Test("an answer without an id, or about another key, is refused")
    func refused() throws {
        for reply in [
            begun(id: ""), begun(key: "other"), .init(text: "<html/>"), .error(403, "AccessDenied"),
        ] as [FaultServer.Reply] {
            let rig = try Rig([reply])
            #expect(s3Error { try create(rig) } != nil)
            #expect(rig.server.requests.count == 1)
        }
    }

    @Test("a page of HTML is asked for once")
    func page() throws {
        for page in ["<!DOCTYPE html><html><p>Log in<br></html>", " \n<HTML><p>Log in</HTML>"] {
            let rig = try Rig([.init(text: page), begun()])
            let error = s3Error { try create(rig) }
            #expect(error?.code == "InvalidAnswer" && error?.isTransient == false)
            #expect(rig.server.requests.count == 1)
        }
    }

    @Test("a key that XML cannot carry is refused before anything is sent")
    func key() throws {
        let rig = try Rig([])
        let error = s3Error {
            try rig.client.createMultipartUpload(key: [0x61, 0x01], bucket: "bkt")
        }
        #expect(error?.cause == .request)
        #expect(rig.server.requests.isEmpty)
    }
}

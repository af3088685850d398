import FaultServer
import Testing

@testable import S3

@Suite("settings of a bucket")
struct BucketSettingTests {
    private let bucket = "bkt"

    private func sent(_ rig: Rig, _ number: Int = 0) -> String {
        String(decoding: rig.server.requests[number].body, as: UTF8.self)
    }

    @Test("a bucket is there, missing or somebody else's")
    func presence() throws {
        for (status, presence) in [
            (200, BucketPresence.present), (404, .missing), (403, .forbidden),
        ] {
            let rig = try Rig([.init(status)])
            #expect(try rig.client.presence(ofBucket: bucket) == presence)
            #expect(rig.server.requests[0].method == "HEAD")
        }
        let rig = try Rig(Array(repeating: .init(500), count: 5))
        #expect(s3Error { try rig.client.presence(ofBucket: bucket) }?.status == 500)
        let moved = try Rig([
            .init(301, headers: [("x-amz-bucket-region", "eu-west-3")]), .init(200),
        ])
        #expect(try moved.client.presence(ofBucket: bucket) == .present)
        #expect(moved.client.endpoint.region == "eu-west-3")
    }

    @Test("a bucket is created where its server wants to be told, and one's own is no error")
    func create() throws {
        let rig = try Rig([.init(), .init(), .error(409, "BucketAlreadyOwnedByYou")])
        try rig.client.createBucket(bucket)
        try rig.client.createBucket(bucket, constraint: "a<b", objectLock: true)
        try rig.client.createBucket(bucket)
        #expect(sent(rig, 0).isEmpty)
        #expect(rig.server.requests[0]["x-amz-bucket-object-lock-enabled"] == nil)
        #expect(sent(rig, 1).contains("<LocationConstraint>a&lt;b</LocationConstraint>"))
        #expect(rig.server.requests[1]["x-amz-bucket-object-lock-enabled"] == "true")
        let taken = try Rig([.error(409, "BucketAlreadyExists")])
        #expect(
            s3Error { try taken.client.createBucket(bucket) }?.code == "BucketAlreadyExists")
    }

    @Test("versioning is turned on")
    func versioning() throws {
        let rig = try Rig([.init()])
        try rig.client.enableVersioning(ofBucket: bucket)
        #expect(rig.server.requests[0].target == "/bkt?versioning=")
        #expect(sent(rig).contains("<Status>Enabled</Status>"))
        #expect(rig.server.requests[0]["content-md5"] != nil)
    }

    @Test("a public access block is read and written, and none blocks nothing")
    func publicAccess() throws {
        let rig = try Rig([
            .init(), .error(404, "NoSuchPublicAccessBlockConfiguration"),
            .init(
                text: "<PublicAccessBlockConfiguration><BlockPublicAcls>false</BlockPublicAcls>"
                    + "<IgnorePublicAcls>TRUE</IgnorePublicAcls>"
                    + "<BlockPublicPolicy>true</BlockPublicPolicy></PublicAccessBlockConfiguration>"
            ),
        ])
        var block = PublicAccessBlock.all
        block.blocksACLs = false
        try rig.client.setPublicAccessBlock(block, ofBucket: bucket)
        let body = sent(rig)
        for (name, value) in [
            ("BlockPublicAcls", "false"), ("IgnorePublicAcls", "true"),
            ("BlockPublicPolicy", "true"), ("RestrictPublicBuckets", "true"),
        ] {
            #expect(body.contains("<\(name)>\(value)</\(name)>"))
        }
        #expect(try rig.client.publicAccessBlock(ofBucket: bucket) == PublicAccessBlock())
        block.restrictsBucket = false
        #expect(try rig.client.publicAccessBlock(ofBucket: bucket) == block)
    }

    @Test("an encryption is read and written")
    func encryption() throws {
        func document(_ algorithm: String, _ more: String = "") -> FaultServer.Reply {
            .init(
                text: "<ServerSideEncryptionConfiguration><Rule>"
                    + "<ApplyServerSideEncryptionByDefault><SSEAlgorithm>\(algorithm)"
                    + "</SSEAlgorithm>\(more)</ApplyServerSideEncryptionByDefault></Rule>"
                    + "</ServerSideEncryptionConfiguration>")
        }
        let rig = try Rig([
            .error(404, "ServerSideEncryptionConfigurationNotFoundError"), document("AES256"),
            document("aws:kms", "<KMSMasterKeyID>k1</KMSMasterKeyID>"), document("rot13"), .init(),
        ])
        #expect(try rig.client.encryption(ofBucket: bucket) == nil)
        #expect(try rig.client.encryption(ofBucket: bucket) == .init(.s3))
        #expect(try rig.client.encryption(ofBucket: bucket) == .init(.kms, keyID: "k1"))
        #expect(s3Error { try rig.client.encryption(ofBucket: bucket) }?.code == "InvalidAnswer")
        try rig.client.setEncryption(.init(.kms, keyID: "k1"), ofBucket: bucket)
        #expect(sent(rig, 4).contains("<SSEAlgorithm>aws:kms</SSEAlgorithm>"))
        #expect(sent(rig, 4).contains("<KMSMasterKeyID>k1</KMSMasterKeyID>"))
        #expect(rig.server.requests[4].target == "/bkt?encryption=")
    }

    /// What servers answer that do not have a setting.
    static let unknown: [(name: String, reply: FaultServer.Reply)] = [
        ("501", .error(501, "NotImplemented")), ("405", .error(405, "MethodNotAllowed")),
        ("the bucket's keys", .init(text: "<ListBucketResult><Name>bkt</Name></ListBucketResult>")),
    ]

    @Test("a server that does not have a setting says so", arguments: unknown.indices)
    func notImplemented(index: Int) throws {
        let (name, reply) = Self.unknown[index]
        let rig = try Rig(Array(repeating: reply, count: 6))
        let client = rig.client
        var errors = [
            s3Error { try client.encryption(ofBucket: bucket) },
            s3Error { try client.publicAccessBlock(ofBucket: bucket) },
            s3Error { try client.lifecycle(ofBucket: bucket) },
        ]
        if reply.status != 200 {
            errors += [
                s3Error { try client.setEncryption(.init(.s3), ofBucket: bucket) },
                s3Error { try client.setPublicAccessBlock(.all, ofBucket: bucket) },
                s3Error { try client.enableVersioning(ofBucket: bucket) },
            ]
        }
        #expect(errors.allSatisfy { $0?.isNotImplemented == true }, "\(name)")
        let denied = try Rig([.error(403, "AccessDenied")])
        let error = s3Error { try denied.client.encryption(ofBucket: bucket) }
        #expect(error?.isNotImplemented == false)
        #expect(error?.hint?.contains("s3:GetEncryptionConfiguration") == true)
    }
}

@Suite("what a bucket does with what grows old")
struct BucketLifecycleTests {
    private static let existing = """
        <?xml version="1.0" encoding="UTF-8"?>
        <LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
          <Rule><ID>a</ID><Filter><And><Prefix>x/</Prefix><Tag><Key>k</Key><Value>&lt;v</Value></Tag>\
        </And></Filter><Status>Enabled</Status><AbortIncompleteMultipartUpload>\
        <DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>
          <Rule><ID>b</ID><Prefix>db/</Prefix><Status>Enabled</Status><NoncurrentVersionExpiration>\
        <NoncurrentDays>30</NoncurrentDays><Unheard of="1"/></NoncurrentVersionExpiration>\
        <Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration></Rule>
          <!-- kept -->
        </LifecycleConfiguration>

        """

    private func configuration(_ text: String) throws -> LifecycleConfiguration {
        let rig = try Rig([.init(text: text)])
        return try rig.client.lifecycle(ofBucket: "bkt")
    }

    @Test("rules are read in both of their forms")
    func rules() throws {
        let rules = try configuration(Self.existing).rules
        #expect(
            rules == [
                .init(
                    id: "a", isEnabled: true, prefix: "x/", isNarrower: true,
                    abortsUploadsAfterDays: 1, expiresCurrent: false),
                .init(
                    id: "b", isEnabled: true, prefix: "db/", isNarrower: false,
                    expiresCurrent: false, expiresNoncurrentAfterDays: 30),
            ])
        let more = try configuration(
            "<LifecycleConfiguration><Rule><Status>Disabled</Status><Filter/>"
                + "<Expiration><Days>5</Days></Expiration></Rule></LifecycleConfiguration>"
        ).rules
        #expect(
            more == [
                .init(
                    id: "", isEnabled: false, prefix: "", isNarrower: false, expiresCurrent: true)
            ])
    }

    @Test("a rule is added without losing a byte of the others, and headers go back as they came")
    func add() throws {
        let minimum = (
            name: "x-amz-transition-default-minimum-object-size", value: "varies_by_storage_class"
        )
        let rig = try Rig([.init(text: Self.existing, headers: [minimum]), .init()])
        let before = try rig.client.lifecycle(ofBucket: "bkt")
        let after = try before.abortingUploads(afterDays: 3, prefix: "a&b")
        try rig.client.setLifecycle(after, ofBucket: "bkt")
        let rule =
            "<Rule><ID>abort-unfinished-uploads</ID><Filter><Prefix>a&amp;b</Prefix></Filter>"
            + "<Status>Enabled</Status><AbortIncompleteMultipartUpload>"
            + "<DaysAfterInitiation>3</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>"
        let sent = rig.server.requests[1]
        #expect(
            String(decoding: sent.body, as: UTF8.self)
                == Self.existing.replacing("</Lif", with: rule + "</Lif"))
        #expect(sent[minimum.name] == minimum.value)
        #expect(sent.target == "/bkt?lifecycle=" && sent["content-md5"] != nil)
        #expect(after.abortsUploadsAfterDays(prefix: "a&b/c") == 3)
    }

    @Test("without rules there is a document of one, and ids stay unique")
    func first() throws {
        for reply in [
            .error(404, "NoSuchLifecycleConfiguration"), .init(text: "<LifecycleConfiguration/>"),
        ] as [FaultServer.Reply] {
            let rig = try Rig([reply, .init()])
            var configuration = try rig.client.lifecycle(ofBucket: "bkt")
            #expect(configuration.rules.isEmpty)
            for _ in 0..<3 {
                configuration = try configuration.abortingUploads(afterDays: 7, prefix: "")
            }
            #expect(
                configuration.rules.map(\.id) == [
                    "abort-unfinished-uploads", "abort-unfinished-uploads-2",
                    "abort-unfinished-uploads-3",
                ])
            try rig.client.setLifecycle(configuration, ofBucket: "bkt")
            let text = String(decoding: rig.server.requests[1].body, as: UTF8.self)
            #expect(text.hasPrefix("<LifecycleConfiguration xmlns="))
            #expect(rig.server.requests[1]["x-amz-transition-default-minimum-object-size"] == nil)
        }
    }

    @Test("a document that has no place for a rule is left alone")
    func unknownForm() throws {
        let rule = "<Rule><ID>a</ID><Status>Enabled</Status></Rule>"
        for text in [
            "<n:LifecycleConfiguration xmlns:n=\"u\">\(rule)</n:LifecycleConfiguration>",
            "<LifecycleConfiguration>\(rule)</LifecycleConfiguration><!--</LifecycleConfiguration-->",
        ] {
            let configuration = try configuration(text)
            #expect(configuration.rules.count == 1)
            #expect(throws: RequestError.self) {
                try configuration.abortingUploads(afterDays: 3, prefix: "")
            }
        }
    }

    @Test("unfinished uploads end where an enabled rule without more conditions covers the keys")
    func covers() throws {
        func rule(_ prefix: String, _ days: Int, _ status: String = "Enabled") -> String {
            "<Rule><Filter><Prefix>\(prefix)</Prefix></Filter><Status>\(status)</Status>"
                + "<AbortIncompleteMultipartUpload><DaysAfterInitiation>\(days)"
                + "</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>"
        }
        let text = rule("db/", 5) + rule("db/x/", 2) + rule("", 9) + rule("", 1, "Disabled")
        let configuration = try configuration(
            "<LifecycleConfiguration>\(text)</LifecycleConfiguration>")
        for (prefix, days) in [("", 9), ("d", 9), ("db/", 5), ("db/x/y", 2)] {
            #expect(configuration.abortsUploadsAfterDays(prefix: prefix) == days)
        }
        #expect(try self.configuration(Self.existing).abortsUploadsAfterDays(prefix: "x/") == nil)
    }
}

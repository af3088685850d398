import Foundation
import Testing

@testable import S3

@Suite("a bucket on a real server", .enabled(if: !S3Server.all.isEmpty, S3Server.howToStart))
struct BucketTests {
    @Test(
        "is missing, is made, is there, and keeps versions once it is told", arguments: S3Server.all
    )
    func create(server: S3Server) throws {
        let client = try server.client()
        let bucket = "b-\(UUID().uuidString.lowercased())"
        #expect(try client.presence(ofBucket: bucket) == .missing)
        try client.createBucket(bucket)
        try client.createBucket(bucket)
        #expect(try client.presence(ofBucket: bucket) == .present)
        #expect(try client.versioning(ofBucket: bucket).status == .never)
        try client.enableVersioning(ofBucket: bucket)
        #expect(try client.versioning(ofBucket: bucket).status == .enabled)
        #expect(try !client.lock(ofBucket: bucket).isEnabled)
        let locked = bucket + "-l"
        try client.createBucket(locked, objectLock: true)
        #expect(try client.lock(ofBucket: locked).isEnabled)
        #expect(try client.versioning(ofBucket: locked).status == .enabled)
        // Object Lock wants a checksum with every write.
        #expect(try client.put([1], "k", locked).versionID != nil)
    }

    @Test("blocks public access as it is told", arguments: S3Server.all)
    func publicAccess(server: S3Server) throws {
        let client = try server.client()
        let bucket = try server.makeBucket(client)
        #expect(try client.publicAccessBlock(ofBucket: bucket) == PublicAccessBlock())
        var block = PublicAccessBlock.all
        block.blocksACLs = false
        try client.setPublicAccessBlock(block, ofBucket: bucket)
        #expect(try client.publicAccessBlock(ofBucket: bucket) == block)
        _ = try client.put([1], "k", bucket)
    }

    @Test("encrypts as it is told, or says that it cannot", arguments: S3Server.all)
    func encryption(server: S3Server) throws {
        let client = try server.client()
        let bucket = try server.makeBucket(client)
        if server.name == "ceph" {
            let error = s3Error { try client.encryption(ofBucket: bucket) }
            #expect(error?.isNotImplemented == true)
            return
        }
        #expect(try client.encryption(ofBucket: bucket) == nil)
        try client.setEncryption(.init(.s3), ofBucket: bucket)
        #expect(try client.encryption(ofBucket: bucket) == .init(.s3))
    }

    @Test("gets one rule more and keeps those it has", arguments: S3Server.all)
    func lifecycle(server: S3Server) throws {
        let client = try server.client()
        let bucket = try server.makeBucket(client)
        #expect(try client.lifecycle(ofBucket: bucket).rules.isEmpty)
        let old = Array(
            """
            <LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule>\
            <ID>old</ID><Filter><Prefix>logs/</Prefix></Filter><Status>Enabled</Status>\
            <NoncurrentVersionExpiration><NoncurrentDays>30</NoncurrentDays>\
            </NoncurrentVersionExpiration></Rule></LifecycleConfiguration>
            """.utf8)
        try client.set("lifecycle", ofBucket: bucket, operation: "Put", old)
        let before = try client.lifecycle(ofBucket: bucket)
        #expect(before.abortsUploadsAfterDays(prefix: "") == nil)
        let after = try before.abortingUploads(afterDays: 3, prefix: "")
        try client.setLifecycle(after, ofBucket: bucket)
        let found = try client.lifecycle(ofBucket: bucket)
        #expect(found.abortsUploadsAfterDays(prefix: "") == 3)
        // Ceph sorts rules by id.
        #expect(Set(found.rules) == Set(after.rules))
        #expect(found.rules.contains { $0.id == "old" && $0.expiresNoncurrentAfterDays == 30 })
    }
}

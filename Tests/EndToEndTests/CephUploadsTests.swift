import Foundation
import Testing

extension EndToEnd.WithCeph {
    @Suite(
        "s3prune uploads on a Ceph RADOS Gateway",
        .enabled(if: TestServer.ceph != nil, TestServer.howToStart))
    struct CephUploadsTests {
        @Test("lists what is stored, aborts exactly the old ones, and boto3 sees the rest")
        func abort() async throws {
            let ceph = try #require(TestServer.ceph)
            let format = ISO8601DateFormatter()
            func begin(_ key: String, hoursAgo: Double, _ size: Int) -> String {
                let time = format.string(from: Date(timeIntervalSinceNow: -hoursAgo * 3600))
                return "\(time)\tbegin\t\(encoded(key))\t\(size)"
            }
            try await ceph.load(
                "uploads",
                [
                    begin("db/a b+c%é.gz", hoursAgo: 100, 5000), begin("db/a", hoursAgo: 73, 70),
                    begin("db/a", hoursAgo: 71, 80), begin("etc/x", hoursAgo: 1, 90),
                    begin("etc/%41", hoursAgo: 200, 1),
                ])
            let admin = try Program(at: ceph)
            let policy = try admin.policy(
                "version: 1\nbucket: uploads\nkeep: all\nincomplete-uploads: { abort-after: 3d }\n")
            let before = try UploadLines(
                try await admin.s3prune(["uploads", "--policy", policy, "--format", "json"]))
            #expect(
                before["upload"].map(\.key)
                    == ["etc/%41", "db/a b+c%é.gz", "db/a", "db/a", "etc/x"])
            #expect(before["upload"].map(\.bytes) == [1, 5000, 70, 80, 90])
            #expect(before["upload"].map(\.action) == ["abort", "abort", "abort", "keep", "keep"])

            // The pruner may list and abort, and not see parts.
            let pruner = try Program(at: ceph, as: "pruner")
            let outcome = try await pruner.s3prune(
                ["uploads", "--policy", policy, "--abort", "--yes", "--format", "json"])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let lines = try UploadLines(outcome)
            #expect(lines["result"].first?.aborted == 3)
            #expect(lines["upload"].allSatisfy { $0.parts == nil })

            let seen = try await ceph.python(
                """
                s3 = test_servers.client("ceph")
                for upload in s3.list_multipart_uploads(Bucket="uploads")["Uploads"]:
                    print(upload["UploadId"])
                """)
            let left = before["upload"].suffix(2).compactMap(\.upload_id)
            #expect(Set(seen.lines.map(String.init)) == Set(left))
        }
    }
}

import Foundation
import Testing

extension EndToEnd.WithCeph {
    /// What servers do differently, and what the programs make of it. `Tests/SERVERS.md` has the list.
    @Suite(
        "the programs where servers differ",
        .enabled(if: TestServer.ceph != nil && TestServer.moto != nil, TestServer.howToStart))
    struct CephDifferenceTests {
        let bucket = "differs-\(UInt32.random(in: 0 ... .max))"

        private func policy(_ program: Program, keep: String = "last: 2") throws -> String {
            try program.policy(
                """
                version: 1
                bucket: \(bucket)
                min-age: 0
                min-versions: 1
                keep-oldest: false
                limits: { max-delete: 100% }
                keep: { \(keep) }
                """)
        }

        /// A marker whose version is gone loses entries without a word on both servers.
        @Test("the last page is there before the first deletion", arguments: Server.allCases)
        func listsFirst(at server: Server) async throws {
            let server = try #require(server.started)
            try await server.load(bucket, NightlyBackups(keys: ["a", "b"], nights: 505).plan)
            let program = try Program(at: server, as: "pruner")
            let outcome = try await program.s3prune(
                ["--apply", "--yes", "--debug", "--policy", policy(program)])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let requests = outcome.errorText.split(separator: "\n").filter {
                $0.contains("> GET") || $0.contains("> POST") || $0.contains("> DELETE")
            }
            let pages = requests.indices.filter { requests[$0].contains("versions=") }
            let deletions = requests.indices.filter {
                requests[$0].contains("> POST") || requests[$0].contains("> DELETE")
            }
            #expect(pages.count >= 2 && deletions.count >= 2, "\(outcome.errorText)")
            #expect(try #require(pages.last) < #require(deletions.first))
        }

        /// Ceph lists in the order of writing, moto in that of time with markers after versions. To
        /// Ceph the last one written is current, to moto the newest: here they are the same.
        @Test("versions written out of their order in time leave the same survivors")
        func outOfOrder() async throws {
            let days = [3, 1, 5, 2, 7, 4, 8, 6, 9]
            let lines = ["db/a", "db/b"].flatMap { key in
                days.flatMap { day in
                    // Two of one instant: both hold the slot of their day.
                    let put = "2026-10-0\(day)T01:00:00Z\tput\t\(key)\t\(100 + day)"
                    let delete = "2026-10-02T12:00:00Z\tdelete\t\(key)"
                    return day == 7 ? [put, put] : day == 4 ? [delete, put] : [put]
                }
            }
            var survivors: [[String]] = []
            for server in Server.allCases {
                let server = try #require(server.started)
                try await server.load(bucket, lines)
                let listed = try await server.python(
                    """
                    answer = test_servers.client("\(server.name)").list_object_versions(
                        Bucket="\(bucket)", Prefix="db/a")
                    print(*[v["LastModified"].day for v in answer["Versions"]])
                    """)
                let ceph = "9 6 8 4 7 7 2 5 1 3"
                let expected = server.name == "ceph" ? ceph : "9 8 7 7 6 5 4 3 2 1"
                #expect(listed.text == expected + "\n")
                let program = try Program(at: server, as: "pruner")
                let policy = try policy(program, keep: "last: 1, daily: 3")
                let plan = try await Plan(program.dryRun(policy))
                #expect(plan.versions.count == lines.count)
                let apply = try await program.s3prune(["--apply", "--yes", "--policy", policy])
                #expect(apply.status == 0, "\(apply.errorText)")
                let left = try await Plan(program.dryRun(policy))
                #expect(left.summary.delete == 0)
                survivors.append(
                    left.versions.map {
                        "\($0.key) \($0.last_modified) \($0.is_latest) \($0.delete_marker)"
                    }.sorted())
            }
            #expect(survivors[0] == survivors[1])
            // The three newest days.
            let dates = survivors[0].filter { $0.hasPrefix("db/a") }.map {
                $0.split(separator: " ")[1].prefix(10)
            }
            #expect(
                dates == ["2026-10-07", "2026-10-07", "2026-10-08", "2026-10-09"])
        }

        /// Ceph puts the key into NextKeyMarker as it is, and the page is no XML.
        @Test("a page that ends at a key which XML cannot write leads to the next")
        func noXML() async throws {
            let ceph = try #require(TestServer.ceph)
            let key = "a%2B+\u{1F}é"
            let backups = NightlyBackups(keys: [key], nights: 1010)
            let next = "2026-11-20T01:05:00Z\tput\t\(encoded("zz"))\t5"
            try await ceph.load(bucket, [next] + backups.plan)
            let program = try Program(at: ceph, as: "pruner")
            let policy = try policy(program)
            let outcome = try await program.dryRun(policy)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let plan = try Plan(outcome)
            #expect(plan.versions.count == backups.plan.count + 1)
            #expect(Set(plan.versions.map(\.version_id)).count == backups.plan.count + 1)
            let apply = try await program.s3prune(["--apply", "--yes", "--policy", policy])
            #expect(apply.status == 0, "\(apply.errorText)")
            let left = try await ceph.versions(in: bucket)
            #expect(left.count == 3)
            let kept = plan.versions.filter { $0.action == "keep" }
            #expect(Set(left.map(\.version_id)) == Set(kept.map(\.version_id)))
            #expect(Set(left.map(\.key)) == [key, "zz"])
            let list = try await Program(at: ceph).backup(["list", "s3://\(bucket)/\(key)"])
            #expect(list.status == 0, "\(list.errorText)")
        }

        @Test("boto3 as it comes cannot put to Ceph over TLS, and can without its checksums")
        func streamingTrailer() async throws {
            let ceph = try #require(TestServer.ceph)
            try await ceph.load(bucket, [])
            let tried = try await ceph.python(
                """
                import os, botocore.auth, botocore.exceptions
                from botocore.awsrequest import AWSRequest
                from botocore.credentials import Credentials
                from botocore.httpsession import URLLib3Session

                class Trailer(botocore.auth.S3SigV4Auth):
                    def payload(self, request):
                        return "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

                url = os.environ["TEST_CEPH_ENDPOINT"] + "/\(bucket)/trailer"
                body = b"1\\r\\nx\\r\\n0\\r\\nx-amz-checksum-crc32:jNxr7A==\\r\\n\\r\\n"
                request = AWSRequest("PUT", url, data=body, headers={
                    "content-encoding": "aws-chunked", "x-amz-trailer": "x-amz-checksum-crc32",
                    "x-amz-decoded-content-length": "1"})
                Trailer(
                    Credentials(*test_servers.credentials("ceph")), "s3", test_servers.REGION
                ).add_auth(request)
                print(URLLib3Session().send(request.prepare()).status_code)
                for checksums in ["when_supported", "when_required"]:
                    s3 = test_servers.client(
                        "ceph", url=os.environ["TEST_CEPH_TLS_ENDPOINT"], checksums=checksums)
                    try:
                        s3.put_object(Bucket="\(bucket)", Key=checksums, Body=b"x")
                        print("done")
                    except botocore.exceptions.ClientError as error:
                        print(error.response["ResponseMetadata"]["HTTPStatusCode"])
                """)
            #expect(tried.lines == ["400", "411", "done"])
            #expect(try await ceph.versions(in: bucket).map(\.key) == ["when_required"])
        }

        @Test("a suspended bucket is refused, before moto wipes what it holds")
        func suspended() async throws {
            let moto = try #require(TestServer.moto)
            try await moto.load(bucket, NightlyBackups(keys: ["a"], nights: 9).plan)
            _ = try await moto.python(
                """
                test_servers.client("moto").put_bucket_versioning(
                    Bucket="\(bucket)", VersioningConfiguration={"Status": "Suspended"})
                """)
            let program = try Program(at: moto)
            let outcome = try await program.s3prune(
                ["--apply", "--yes", "--policy", policy(program)])
            #expect(outcome.status == 3, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("suspended"))
            #expect(try await moto.versions(in: bucket).count == 9)
            // What `suspended` means there: a put leaves nothing but itself.
            _ = try await moto.python(
                """
                test_servers.client("moto").put_object(Bucket="\(bucket)", Key="a", Body=b"x")
                """)
            #expect(try await moto.versions(in: bucket).count == 1)
        }
    }
}

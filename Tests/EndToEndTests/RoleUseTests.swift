import Foundation
import Testing

extension EndToEnd.WithCeph {
    /// One user that may nothing but what the policy of a role gives, and the programs of that role.
    @Suite(
        "the policy of a role is enough for its programs",
        .enabled(if: TestServer.ceph != nil, TestServer.howToStart))
    struct RoleUseTests {
        let ceph: TestServer
        let bucket: String
        let home: EndToEnd.KeyCommandTests.Home
        var program: Program { home.program }

        init() async throws {
            ceph = try #require(TestServer.ceph)
            bucket = "use-\(UInt32.random(in: 0 ... .max))"
            try await ceph.load(
                bucket, (10...20).map { "2026-11-\($0)T01:05:00Z\tput\tweb1/old.gpg\t100" })
            home = try EndToEnd.KeyCommandTests.Home()
            home.program.environment.merge(ceph.credentials("pruner")) { $1 }
            home.program.environment["AWS_REGION"] = "us-east-1"
            home.program.environment["AWS_ENDPOINT_URL_S3"] = ceph["TLS_ENDPOINT"]
            home.program.environment["AWS_CA_BUNDLE"] = ceph["CA_BUNDLE"]
            home.program.environment["CURL_CA_BUNDLE"] = ceph["CA_BUNDLE"]
        }

        private func become(_ role: String) async throws {
            let policy = try await program.backup([
                "iam", role, "--bucket", bucket, "--prefix", "web1/",
            ])
            try await ceph.allow(policy.text, in: bucket)
        }

        private func expect(
            _ status: Int32, _ outcome: Command.Outcome,
            sourceLocation: SourceLocation = #_sourceLocation
        ) {
            #expect(
                outcome.status == status, "\(outcome.text)\(outcome.errorText)",
                sourceLocation: sourceLocation)
        }

        @Test("an uploader uploads small and large, a restorer gets both back")
        func uploadAndRestore() async throws {
            let key = program.home.path("acme.asc")
            expect(
                0,
                try await program.backup([
                    "key", "generate", "Acme", "--no-passphrase", "--output", key,
                ]))
            // Random bytes do not shrink, so that the second one takes several parts.
            for (name, size) in [("small", 100), ("large", 12 << 20)] {
                let source = program.home.path(name)
                expect(
                    0,
                    try await program.run(
                        "sh", ["-c", "head -c \(size) /dev/urandom >\(source)"]))
                try await become("uploader")
                let target = "s3://\(bucket)/web1/\(name).gz.gpg"
                expect(
                    0,
                    try await program.backup([
                        "upload", target, "--recipient", key, "--part-size", "5MiB", "--", "cat",
                        source,
                    ]))
                expect(77, try await program.backup(["list", "s3://\(bucket)/web1/"]))

                try await become("restorer")
                let copy = program.home.path(name + ".copy")
                expect(0, try await program.backup(["restore", target, "--output", copy]))
                expect(0, try await program.run("cmp", [source, copy]))
                expect(0, try await program.backup(["list", "s3://\(bucket)/web1/", "--versions"]))
                expect(
                    77,
                    try await program.backup([
                        "upload", target, "--recipient", key, "--", "echo", "x",
                    ]))
            }
        }

        private func policyFile() throws -> String {
            try program.policy(
                """
                version: 1
                bucket: s3://\(bucket)/web1/
                min-age: 0
                limits: { max-delete: 100% }
                incomplete-uploads: { abort-after: 1d }
                keep: { last: 3 }
                """)
        }

        @Test("a pruner plans, asks for locks, looks at uploads and deletes")
        func prune() async throws {
            try await become("pruner")
            let policy = try policyFile()
            expect(0, try await program.s3prune(["--policy", policy, "--check-locks"]))
            expect(
                0, try await program.s3prune(["uploads", "--policy", policy, "--abort", "--yes"]))
            let before = try await ceph.versions(in: bucket)
            #expect(before.count == 11)
            expect(0, try await program.s3prune(["--policy", policy, "--apply", "--yes"]))
            // boto3 lists the newest first, and three are kept.
            let after = try await ceph.versions(in: bucket)
            #expect(after.map(\.version_id) == before.prefix(3).map(\.version_id))
        }

        @Test("a reporter plans and lists, and deletes nothing")
        func report() async throws {
            try await become("reporter")
            let policy = try policyFile()
            expect(0, try await program.s3prune(["--policy", policy]))
            expect(0, try await program.s3prune(["uploads", "--policy", policy]))
            expect(0, try await program.backup(["list", "s3://\(bucket)/web1/"]))
            let apply = try await program.s3prune(["--policy", policy, "--apply", "--yes"])
            expect(77, apply)
            #expect(try await ceph.versions(in: bucket).count == 11)
        }

        @Test("a signer's forms upload and its URLs give what they name")
        func sign() async throws {
            try await become("signer")
            let script = try await program.backup(["grant", "s3://\(bucket)/web1/new.gpg"])
            let path = try program.home.write("upload.sh", script.text)
            expect(0, try await program.run("sh", [path, "echo", "by form"]))
            let url = try await program.backup(["presign", "s3://\(bucket)/web1/new.gpg"])
            let fetched = try await program.run("curl", ["-sS", String(url.text.dropLast())])
            #expect(fetched.text == "by form\n", "\(fetched.errorText)")
            let outside = try await program.backup(["grant", "s3://\(bucket)/web2/new.gpg"])
            let refused = try program.home.write("refused.sh", outside.text)
            expect(1, try await program.run("sh", [refused, "echo", "x"]))
        }
    }
}

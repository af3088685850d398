import Foundation
import Testing

extension EndToEnd.WithCeph {
    @Suite(
        "backup setup",
        .enabled(if: TestServer.ceph != nil && TestServer.moto != nil, TestServer.howToStart))
    struct SetupTests {
        let bucket = "setup-\(UInt32.random(in: 0 ... .max))"

        private func setup(
            at server: Server, as user: String = "admin", _ options: [String] = []
        ) async throws -> Command.Outcome {
            let server = try #require(server.started)
            return try await Program(at: server, as: user).backup(
                ["setup", "s3://\(bucket)"] + options)
        }

        /// The first words of each line but the first: `ok bucket`.
        private func states(_ outcome: Command.Outcome) -> [String] {
            outcome.lines.dropFirst().map { line in
                let words = line.split(separator: "  ", omittingEmptySubsequences: true)
                return words.prefix(2).map { $0.drop { $0 == " " } }.joined(separator: ": ")
            }
        }

        @Test("makes a bucket, and a second time finds nothing to do", arguments: Server.allCases)
        func twice(at server: Server) async throws {
            let tested = try #require(server.started)
            // Ceph 16 cannot encrypt by default, and says so: everything else is set all the same.
            let encryption = server == .ceph ? "not there" : "changed"
            let first = try await setup(at: server)
            #expect(first.status == 0, "\(first.errorText)")
            #expect(
                states(first) == [
                    "changed: bucket", "changed: versioning", "changed: public access",
                    "\(encryption): encryption", "changed: stale uploads",
                ])
            let settings = try await tested.settings(of: bucket)
            for word in [
                "\"Status\": \"Enabled\"", "\"DaysAfterInitiation\": 3",
                "\"RestrictPublicBuckets\": true", "\"IgnorePublicAcls\": true",
                "\"BlockPublicAcls\": false", "\"BlockPublicPolicy\": false",
            ] {
                #expect(settings.contains(word), "\(settings)")
            }
            let second = try await setup(at: server)
            #expect(second.status == 0)
            #expect(states(second).allSatisfy { !$0.hasPrefix("changed") }, "\(second.text)")
            #expect(try await tested.settings(of: bucket) == settings)
        }

        @Test("a dry run changes nothing", arguments: Server.allCases)
        func dryRun(at server: Server) async throws {
            let tested = try #require(server.started)
            let missing = try await setup(at: server, ["--dry-run"])
            #expect(missing.status == 0)
            #expect(states(missing).first == "would create: bucket")
            let list = try await Program(at: tested).backup(["list", "s3://\(bucket)"])
            #expect(list.errorText.contains("NoSuchBucket"))

            try await tested.load(bucket, versioning: "Suspended", [])
            let settings = try await tested.settings(of: bucket)
            let there = try await setup(at: server, ["--dry-run"])
            #expect(there.status == 0)
            #expect(
                states(there).prefix(3) == [
                    "ok: bucket", "would change: versioning", "would change: public access",
                ])
            #expect(there.text.contains("enabled, was suspended"))
            #expect(try await tested.settings(of: bucket) == settings)
        }

        @Test("leaves lifecycle rules as they are, and warns of those that delete")
        func lifecycle() async throws {
            let ceph = try #require(TestServer.ceph)
            try await ceph.load(bucket, [])
            try await ceph.setLifecycle(
                """
                [{"ID": "old", "Status": "Enabled", "Filter": {"Prefix": ""},
                  "NoncurrentVersionExpiration": {"NoncurrentDays": 30}}]
                """, of: bucket)
            let outcome = try await setup(at: .ceph)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(outcome.text.contains("beside the rules that are there"))
            #expect(outcome.errorText.contains("warning: lifecycle rule \"old\" deletes versions"))
            #expect(outcome.errorText.contains("30 days after they were replaced"))
            let settings = try await ceph.settings(of: bucket)
            #expect(settings.contains("\"NoncurrentDays\": 30"), "\(settings)")
            #expect(settings.contains("\"DaysAfterInitiation\": 3"))
        }

        @Test("what is aborted after other days stays so")
        func otherDays() async throws {
            let ceph = try #require(TestServer.ceph)
            try await ceph.load(bucket, [])
            try await ceph.setLifecycle(
                """
                [{"ID": "mine", "Status": "Enabled", "Filter": {"Prefix": ""},
                  "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 10}}]
                """, of: bucket)
            let outcome = try await setup(at: .ceph)
            #expect(outcome.text.contains("aborted after 10 days"))
            #expect(states(outcome).last == "ok: stale uploads")
        }

        @Test("leaves a bucket to which a server can upload by a form and with its own key")
        func usable() async throws {
            let ceph = try #require(TestServer.ceph)
            #expect(try await setup(at: .ceph).status == 0)
            let admin = try Program(at: ceph)
            let script = try await admin.backup(["grant", "s3://\(bucket)/web1/a"])
            let path = try admin.home.write("upload.sh", script.text)
            let upload = try await admin.run("sh", [path, "echo", "by form"])
            #expect(upload.status == 0, "\(upload.errorText)")

            var server = try Program(at: ceph, as: "pruner", endpoint: ceph["TLS_ENDPOINT"])
            server.environment["AWS_CA_BUNDLE"] = ceph["CA_BUNDLE"]
            let iam = ["iam", "uploader", "--bucket", bucket, "--prefix", "web1/"]
            try await ceph.allow(try await server.backup(iam).text, in: bucket)
            let check = try await server.backup(iam + ["--check"])
            #expect(check.status == 0, "\(check.text)\(check.errorText)")
        }

        @Test("a bucket of somebody else is refused")
        func foreign() async throws {
            let ceph = try #require(TestServer.ceph)
            try await ceph.load(bucket, [])
            let outcome = try await setup(at: .ceph, as: "pruner")
            #expect(outcome.status == 77)
            #expect(outcome.errorText.contains("is there, and not for these credentials"))
        }

        @Test("goes on after a step that is denied, and ends as its denial or as partial")
        func denied() async throws {
            let ceph = try #require(TestServer.ceph)
            try await ceph.load(bucket, versioning: "Suspended", [])
            func allow(_ actions: String) async throws {
                try await ceph.allow(
                    """
                    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
                    "Action": [\(actions)], "Resource": "arn:aws:s3:::\(bucket)"}]}
                    """, in: bucket)
            }
            try await allow("\"s3:ListBucket\", \"s3:GetLifecycleConfiguration\"")
            let nothing = try await setup(at: .ceph, as: "pruner")
            #expect(nothing.status == 77, "\(nothing.errorText)")
            #expect(states(nothing).prefix(2) == ["ok: bucket", "failed: versioning"])
            #expect(states(nothing).last == "failed: stale uploads")
            #expect(nothing.errorText.contains("of the setup failed"))

            try await allow(
                "\"s3:ListBucket\", \"s3:GetBucketVersioning\", \"s3:PutBucketVersioning\"")
            let some = try await setup(at: .ceph, as: "pruner")
            #expect(some.status == 4, "\(some.errorText)")
            #expect(states(some).contains("changed: versioning"))
        }

        @Test(
            "takes a bucket and nothing else",
            arguments: [["s3://acme/key"], ["acme"], ["s3://"], []])
        func usage(arguments: [String]) async throws {
            let outcome = try await Program().backup(["setup"] + arguments)
            #expect(outcome.status == 64, "\(outcome.errorText)")
            #expect(outcome.output.isEmpty)
        }

        @Test("shows no secret, --debug included")
        func secrets() async throws {
            let ceph = try #require(TestServer.ceph)
            let outcome = try await setup(at: .ceph, ["--debug"])
            #expect(outcome.status == 0)
            #expect(outcome.errorText.contains("debug: > PUT "))
            #expect(!(outcome.text + outcome.errorText).contains(ceph["ADMIN_SECRET"]))
        }
    }
}

import Foundation
import Testing

private let roles = ["uploader", "pruner", "restorer", "reporter", "signer"]

extension EndToEnd {
    @Suite("backup iam, the policy of a role")
    struct RolePolicyTests {
        struct Policy: Decodable {
            struct Rule: Decodable {
                var Sid: String
                var Effect: String
                var Action: OneOrMore
                var Resource: OneOrMore
                var Condition: [String: [String: OneOrMore]]?
            }
            /// IAM writes a list of one without brackets.
            struct OneOrMore: Decodable {
                var values: [String]
                init(from decoder: any Decoder) throws {
                    let container = try decoder.singleValueContainer()
                    if let list = try? container.decode([String].self) {
                        values = list
                    } else {
                        values = [try container.decode(String.self)]
                    }
                }
            }
            var Version: String
            var Statement: [Rule]

            func actions(_ effect: String) -> Set<String> {
                Set(Statement.filter { $0.Effect == effect }.flatMap(\.Action.values))
            }
        }

        private func policy(
            _ role: String, _ options: [String], region: String = "eu-central-1"
        ) async throws -> Policy {
            var program = try Program()
            program.environment["AWS_REGION"] = region
            let outcome = try await program.backup(["iam", role, "--bucket", "acme"] + options)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            return try JSONDecoder().decode(Policy.self, from: Data(outcome.output))
        }

        @Test("an uploader may put and abort, and is denied the rest")
        func uploader() async throws {
            let policy = try await policy("uploader", ["--prefix", "web1/"])
            #expect(policy.actions("Allow") == ["s3:PutObject", "s3:AbortMultipartUpload"])
            #expect(policy.Statement[0].Resource.values == ["arn:aws:s3:::acme/web1/*"])
            let dashed = try await self.policy("uploader", ["--prefix", "-web/"])
            #expect(dashed.Statement[0].Resource.values == ["arn:aws:s3:::acme/-web/*"])
            for action in [
                "s3:GetObject*", "s3:List*", "s3:DeleteObject*", "s3:PutObjectAcl",
                "s3:PutObjectTagging", "s3:PutObjectRetention", "s3:PutObjectLegalHold",
                "s3:PutBucket*", "s3:PutLifecycleConfiguration", "s3:BypassGovernanceRetention",
            ] {
                #expect(policy.actions("Deny").contains(action))
            }
        }

        @Test("no role but uploader and signer may put, none may delete but the pruner")
        func least() async throws {
            for role in roles {
                let allowed = try await policy(role, []).actions("Allow")
                #expect(
                    allowed.contains("s3:PutObject") == ["uploader", "signer"].contains(role))
                #expect(allowed.contains("s3:DeleteObjectVersion") == (role == "pruner"))
                #expect(allowed.contains("s3:GetObject") == ["restorer", "signer"].contains(role))
                #expect(!allowed.contains("s3:DeleteObject"))
                #expect(!allowed.contains { $0.contains("*") || $0.hasPrefix("s3:PutBucket") })
            }
        }

        @Test("a denial holds for the whole bucket, whatever the prefix", arguments: roles)
        func denials(role: String) async throws {
            let policy = try await policy(role, ["--prefix", "web1/"])
            for statement in policy.Statement where statement.Effect == "Deny" {
                #expect(statement.Resource.values.last == "arn:aws:s3:::acme/*")
            }
        }

        @Test("a prefix is a prefix, not a pattern")
        func patterns() async throws {
            let policy = try await policy("restorer", ["--prefix", "a*b?c$d\"e*\u{301}/"])
            let written = "a${*}b${?}c${$}d\"e${*}\u{301}/*"
            let resources = policy.Statement.flatMap(\.Resource.values)
            #expect(resources.contains("arn:aws:s3:::acme/" + written))
            #expect(
                policy.Statement.contains {
                    $0.Condition?["StringLike"]?["s3:prefix"]?.values == [written]
                })
        }

        @Test(
            "names the partition of its region",
            arguments: [("cn-north-1", "aws-cn"), ("us-gov-east-1", "aws-us-gov")])
        func partitions(region: String, partition: String) async throws {
            let policy = try await policy("uploader", [], region: region)
            for resource in policy.Statement.flatMap(\.Resource.values) {
                #expect(resource.hasPrefix("arn:\(partition):s3:::acme"))
            }
        }

        @Test("says what a prefix covers, and what the lack of one means")
        func warnings() async throws {
            let open = try await Program().backup([
                "iam", "uploader", "--bucket", "acme", "--prefix", "web1",
            ])
            #expect(open.errorText.contains("warning: the prefix web1 does not end with a slash"))
            let whole = try await Program().backup(["iam", "uploader", "--bucket", "acme"])
            #expect(whole.errorText.contains("note: without --prefix"))
        }

        @Test(
            "refuses what is no role or no bucket",
            arguments: [
                ["--bucket", "acme"], ["admin", "--bucket", "acme"], ["uploader"],
                ["uploader", "--bucket", "s3://acme"], ["uploader", "--bucket", "a\"b"],
            ])
        func refused(arguments: [String]) async throws {
            let outcome = try await Program().backup(["iam"] + arguments)
            #expect(outcome.status == 64, "\(outcome.errorText)")
            #expect(outcome.output.isEmpty)
        }
    }
}

extension EndToEnd.WithCeph {
    /// The policies as Ceph understands them, given to a user who otherwise may nothing.
    @Suite("backup iam --check", .enabled(if: TestServer.ceph != nil, TestServer.howToStart))
    struct RoleCheckTests {
        let ceph: TestServer
        let bucket: String
        let program: Program

        init() async throws {
            ceph = try #require(TestServer.ceph)
            bucket = "roles-\(UInt32.random(in: 0 ... .max))"
            try await ceph.load(bucket, ["2026-11-20T01:05:00Z\tput\tweb1/a.gpg\t100"])
            // The policy of an uploader demands TLS.
            var program = try Program(at: ceph, as: "pruner", endpoint: ceph["TLS_ENDPOINT"])
            program.environment["AWS_CA_BUNDLE"] = ceph["CA_BUNDLE"]
            self.program = program
        }

        private func policy(_ role: String) async throws -> String {
            try await program.backup(["iam", role, "--bucket", bucket, "--prefix", "web1/"]).text
        }

        private func check(_ role: String, _ options: [String] = []) async throws
            -> Command.Outcome
        {
            try await program.backup(
                ["iam", role, "--bucket", bucket, "--prefix", "web1/", "--check"] + options)
        }

        @Test("the policy of each role passes its own check and not the next's", arguments: roles)
        func own(role: String) async throws {
            try await ceph.allow(try await policy(role), in: bucket)
            let next = roles[(try #require(roles.firstIndex(of: role)) + 1) % roles.count]
            for checked in [role, next] {
                let outcome = try await check(checked)
                #expect(outcome.status == (checked == role ? 0 : 77), "\(outcome.text)")
                #expect(outcome.text.contains("\nWRONG ") == (checked != role))
            }
        }

        @Test("leaves one small version on its scratch key, and nothing else")
        func scratch() async throws {
            try await ceph.allow(try await policy("uploader"), in: bucket)
            let outcome = try await check("uploader")
            let versions = try await ceph.versions(in: bucket)
            #expect(versions.map(\.key) == ["web1/.backup-iam-check", "web1/a.gpg"])
            #expect(versions[0].size == 19)
            let left = "left behind: s3://\(bucket)/web1/.backup-iam-check, "
            #expect(outcome.text.contains("\(left)version \(versions[0].version_id), 19 bytes"))
            #expect(try await ceph.uploads(in: bucket).isEmpty)
        }

        @Test(
            "changes nothing but its scratch key where everything is allowed",
            arguments: roles)
        func everything(role: String) async throws {
            try await ceph.allow(
                """
                {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*",
                "Resource": ["arn:aws:s3:::\(bucket)", "arn:aws:s3:::\(bucket)/*"]}]}
                """, in: bucket)
            let before = try await ceph.settings(of: bucket)
            let outcome = try await check(role)
            #expect(outcome.status == 77)
            #expect(try await ceph.settings(of: bucket) == before)
            let others = try await ceph.versions(in: bucket).filter {
                $0.key != "web1/.backup-iam-check"
            }
            #expect(others.map(\.key) == ["web1/a.gpg"])
            #expect(others[0].is_latest)
            #expect(try await ceph.uploads(in: bucket).isEmpty)
            // Ceph does not know the condition of the deletion that was tried.
            #expect(outcome.text.contains("left behind: a delete marker on s3://\(bucket)/web1/."))
        }

        @Test("names each right too many and each that is missing")
        func wrong() async throws {
            let loose = try await policy("uploader").replacing("\"s3:GetObject*\",", with: "")
                .replacing(
                    "\"s3:AbortMultipartUpload\"",
                    with: "\"s3:AbortMultipartUpload\", \"s3:GetObject\"")
            try await ceph.allow(loose, in: bucket)
            let tooMany = try await check("uploader")
            #expect(tooMany.status == 77)
            // On Ceph whoever puts an object owns it, and reads its versions where that is not denied.
            #expect(
                wrong(tooMany) == [
                    "WRONG  may     s3:GetObject", "WRONG  may     s3:GetObjectVersion",
                ])
            #expect(tooMany.errorText.contains("2 rights of these credentials are not what"))

            let tight = try await policy("pruner").replacing(
                "\"s3:GetLifecycleConfiguration\",", with: "")
            try await ceph.allow(tight, in: bucket)
            let missing = try await check("pruner")
            #expect(missing.status == 77)
            #expect(wrong(missing) == ["WRONG  may not s3:GetLifecycleConfiguration"])
            #expect(missing.errorText.contains("1 right of these credentials is not what"))
        }

        private func wrong(_ outcome: Command.Outcome) -> [Substring] {
            outcome.lines.filter { $0.hasPrefix("WRONG") }
        }

        @Test("says what it cannot tell, and that is no success")
        func unclear() async throws {
            let empty = bucket + "-empty"
            try await ceph.load(empty, [])
            let policy = try await program.backup(["iam", "pruner", "--bucket", empty]).text
            try await ceph.allow(policy, in: empty)
            let outcome = try await program.backup(["iam", "pruner", "--bucket", empty, "--check"])
            #expect(outcome.status == 6, "\(outcome.text)")
            let unclear = outcome.lines.filter { $0.hasPrefix("?") }
            #expect(unclear.count == 2)
            #expect(unclear.allSatisfy { $0.contains("no backup can be seen") })
        }

        @Test("credentials that are wrong as such are no answer")
        func credentials() async throws {
            for (name, value, code) in [
                ("AWS_SECRET_ACCESS_KEY", "wrong", "SignatureDoesNotMatch"),
                ("AWS_ACCESS_KEY_ID", "NOBODY", "InvalidAccessKeyId"),
            ] {
                var program = program
                program.environment[name] = value
                let outcome = try await program.backup([
                    "iam", "uploader", "--bucket", bucket, "--check",
                ])
                #expect(outcome.status == 77)
                #expect(outcome.errorText.contains(code), "\(outcome.errorText)")
                #expect(!outcome.text.contains("ok "))
            }
            let nowhere = try await program.backup([
                "iam", "uploader", "--bucket", "nowhere", "--check",
            ])
            #expect(nowhere.status == 1)
            #expect(nowhere.errorText.contains("NoSuchBucket"))
        }

        @Test("shows no secret, --debug included")
        func secrets() async throws {
            try await ceph.allow(try await policy("uploader"), in: bucket)
            let outcome = try await check("uploader", ["--debug"])
            #expect(outcome.status == 0)
            #expect(outcome.errorText.contains("debug: > PUT "))
            #expect(!(outcome.text + outcome.errorText).contains(ceph["PRUNER_SECRET"]))
        }
    }
}

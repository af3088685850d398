import Foundation
import Testing

extension EndToEnd {
    @Suite("backup presign, without any server")
    struct PresignTests {
        let program: Program

        init() throws {
            var program = try Program()
            program.environment["AWS_ACCESS_KEY_ID"] = "AKIDEXAMPLE"
            program.environment["AWS_SECRET_ACCESS_KEY"] = "not/the+secret"
            program.environment["AWS_REGION"] = "eu-central-1"
            self.program = program
        }

        @Test("prints one line, the URL, and says when it ends on standard error")
        func oneURL() async throws {
            let outcome = try await program.backup([
                "presign", "s3://acme-backups/db/a b+é%.gpg", "--version-id", "x+/=",
            ])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(outcome.lines.count == 1)
            let url = "https://acme-backups.s3.eu-central-1.amazonaws.com/db/a%20b%2B%C3%A9%25.gpg?"
            #expect(outcome.text.hasPrefix(url))
            #expect(outcome.text.contains("&versionId=x%2B%2F%3D&"))
            #expect(outcome.text.contains("&X-Amz-Expires=3600&"))
            #expect(outcome.errorText.hasPrefix("backup: note: the URL works until "))
        }

        @Test("takes a version id that begins with a dash, or reads like an option")
        func dashed() async throws {
            for id in ["-ejs", "--help", "-q"] {
                let outcome = try await program.backup([
                    "presign", "s3://acme/k", "--version-id", id,
                ])
                #expect(outcome.status == 0, "\(outcome.errorText)")
                #expect(outcome.text.contains("&versionId=\(id)&"))
            }
        }

        @Test("is quiet where asked")
        func quiet() async throws {
            let outcome = try await program.backup(["presign", "s3://acme/a", "--quiet"])
            #expect(outcome.status == 0)
            #expect(outcome.errors.isEmpty, "\(outcome.errorText)")
        }

        @Test(
            "lasts as long as it is told, and seven days at most",
            arguments: [
                ("1", "1"), ("90s", "90"), ("15min", "900"), ("1d12h", "129600"),
                ("7d", "604800"), ("1w", "604800"), ("604800", "604800"),
            ])
        func lifetimes(expires: String, seconds: String) async throws {
            let outcome = try await program.backup(["presign", "s3://acme/a", "--expires", expires])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(outcome.text.contains("&X-Amz-Expires=\(seconds)&"))
        }

        @Test(
            "refuses what cannot be signed",
            arguments: [
                ["s3://acme/a", "--expires", "604801"], ["s3://acme/a", "--expires", "0"],
                ["s3://acme/a", "--expires", "8d"], ["s3://acme/a", "--expires=-1h"],
                ["s3://acme/a", "--expires", "1mo"], ["s3://acme/a", "--expires", "5m"],
                ["s3://acme/a", "--expires", "2026-12-01T00:00:00"],
                ["s3://acme/a", "--expires", "99999999999999999999d"],
                ["s3://acme/a", "--version-id", ""], ["s3://acme/a", "--version-id", "a b"],
                ["s3://acme"], ["s3://acme/"], ["acme/a"], ["s3:///a"], [],
            ])
        func refused(arguments: [String]) async throws {
            let outcome = try await program.backup(["presign"] + arguments)
            #expect(outcome.status == 64, "\(outcome.errorText)")
            #expect(outcome.output.isEmpty)
            #expect(outcome.errorText.hasPrefix("backup: error: "), "\(outcome.errorText)")
        }

        @Test("warns that a session token's URL ends with the session")
        func sessionToken() async throws {
            var program = program
            program.environment["AWS_SESSION_TOKEN"] = "token"
            let outcome = try await program.backup(["presign", "s3://acme/a"])
            #expect(outcome.status == 0)
            #expect(outcome.text.contains("&X-Amz-Security-Token=token&"))
            #expect(outcome.errorText.contains("warning: a session token signs"))
        }

        @Test("says when credentials end first, and refuses those that have ended")
        func expiration() async throws {
            var program = program
            program.environment["AWS_SESSION_TOKEN"] = "token"
            let soon = Date(timeIntervalSinceNow: 600).ISO8601Format()
            program.environment["AWS_CREDENTIAL_EXPIRATION"] = soon
            let outcome = try await program.backup(["presign", "s3://acme/a"])
            #expect(outcome.status == 0)
            #expect(outcome.errorText.contains("only until \(soon)"), "\(outcome.errorText)")
            program.environment["AWS_CREDENTIAL_EXPIRATION"] = "2026-01-01T00:00:00Z"
            let late = try await program.backup(["presign", "s3://acme/a"])
            #expect(late.status == 77)
            #expect(late.output.isEmpty)
        }

        @Test("warns that nobody has said which region the bucket is in")
        func region() async throws {
            var program = program
            program.environment["AWS_REGION"] = nil
            let outcome = try await program.backup(["presign", "s3://acme/a"])
            #expect(outcome.status == 0)
            #expect(outcome.errorText.contains("warning: no region is set"))
        }

        @Test("keeps the secret to itself, --debug included")
        func secret() async throws {
            let outcome = try await program.backup(["presign", "s3://acme/a", "--debug"])
            #expect(outcome.status == 0)
            #expect(outcome.errorText.contains("debug: region eu-central-1"))
            #expect(!(outcome.text + outcome.errorText).contains("the+secret"))
        }
    }
}

extension EndToEnd.WithCeph {
    @Suite(
        "a presigned URL", .enabled(if: TestServer.ceph != nil, TestServer.howToStart))
    struct PresignedURLTests {
        static let keys = ["db/plain.gpg", "a b+c%d/é.gpg", "x//y ~'\"&=?#", "💾"]
        static let bucket = Task { try await TestServer.ceph?.load("presigned", []) }

        let ceph: TestServer
        let program: Program

        init() async throws {
            ceph = try #require(TestServer.ceph)
            program = try Program(at: ceph)
            try await Self.bucket.value
        }

        private func presign(
            _ key: String, _ options: [String], by program: Program? = nil
        ) async throws -> String {
            let outcome = try await (program ?? self.program).backup(
                ["presign", "s3://presigned/\(key)"] + options)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            return String(outcome.text.dropLast())
        }

        /// The status of a GET and the bytes it gave.
        private func fetch(
            _ url: String, by program: Program? = nil
        ) async throws -> (status: String, body: String) {
            let curl = try await (program ?? self.program).run(
                "curl", ["--silent", "--write-out", "\n%{http_code}", url])
            let lines = curl.text.split(separator: "\n", omittingEmptySubsequences: false)
            return (String(lines.last ?? ""), lines.dropLast().joined(separator: "\n"))
        }

        @Test("gives the version that it names, to curl and to wget", arguments: keys)
        func namedVersion(key: String) async throws {
            let old = try await ceph.put("first of \(key)", to: key, in: "presigned")
            _ = try await ceph.put("second of \(key)", to: key, in: "presigned")
            let url = try await presign(key, ["--version-id", old])
            #expect(try await fetch(url) == ("200", "first of \(key)"))
            let wget = try await program.run("wget", ["--quiet", "-O", "-", url])
            #expect(wget.text == "first of \(key)", "\(wget.errorText)")
            let current = try await presign(key, [])
            #expect(try await fetch(current) == ("200", "second of \(key)"))
        }

        @Test(
            "is refused once anything in it is changed, or its time is over",
            arguments: Way.allCases)
        func changed(way: Way) async throws {
            let program = try way.program(at: ceph, as: "admin")
            let first = try await ceph.put("first", to: "changed", in: "presigned")
            let second = try await ceph.put("second", to: "changed", in: "presigned")
            let url = try await presign(
                "changed", ["--version-id", first, "--expires", "3600"], by: program)
            #expect(url.hasPrefix(way.begin("presigned", ceph) + "changed?"), "\(url)")
            #expect(try await fetch(url, by: program) == ("200", "first"))
            let changes = [
                url.replacingOccurrences(of: first, with: second),
                url.replacingOccurrences(of: "versionId=\(first)&", with: ""),
                url.replacingOccurrences(of: "Expires=3600", with: "Expires=7200"),
                url.replacingOccurrences(of: "/changed?", with: "/db/plain.gpg?"),
            ]
            for changed in changes {
                #expect(changed != url)
                let answer = try await fetch(changed, by: program)
                #expect(answer.status == "403", "\(answer)")
            }
            let brief = try await presign(
                "changed", ["--version-id", first, "--expires", "1"], by: program)
            try await Task.sleep(for: .seconds(2.5))
            let late = try await fetch(brief, by: program)
            #expect(late.status == "403")
            #expect(!late.body.contains("first"))
        }

        @Test("has no more rights than the key that signed it")
        func rights() async throws {
            _ = try await ceph.put("secret", to: "rights", in: "presigned")
            let uploader = try Program(at: ceph, as: "uploader")
            let outcome = try await uploader.backup(["presign", "s3://presigned/rights"])
            #expect(try await fetch(String(outcome.text.dropLast())).status == "403")
        }
    }
}

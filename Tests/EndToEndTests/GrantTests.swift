import FaultServer
import Foundation
import Testing

extension EndToEnd {
    @Suite("backup grant, without any server")
    struct GrantTests {
        let program: Program

        init() throws {
            var program = try Program()
            program.environment["AWS_ACCESS_KEY_ID"] = "AKIDEXAMPLE"
            program.environment["AWS_SECRET_ACCESS_KEY"] = "not/the+secret"
            program.environment["AWS_REGION"] = "eu-central-1"
            self.program = program
        }

        @Test(
            "refuses what a form cannot promise",
            arguments: [
                ["s3://acme/a", "--expires", "0"], ["s3://acme/a", "--expires=-1h"],
                ["s3://acme/a", "--expires", "7d1s"], ["s3://acme/a", "--expires", "2w"],
                ["s3://acme/a", "--expires", "2020-01-01T00:00:00Z"],
                ["s3://acme/a", "--expires", "2026-12-01 12:00"],
                ["s3://acme/a", "--max-size", "0"], ["s3://acme/a", "--max-size", "6GiB"],
                ["s3://acme/a", "--max-size", "5368709121B"],
                ["s3://acme/a", "--max-size", "5GB"], ["s3://acme/a", "--max-size", "5"],
                ["s3://acme"], ["s3://acme/*"], ["s3://acme/web*"], ["s3://acme/web1/"],
                ["s3://acme/a\u{1}b"], ["s3://acme/new\nline"], ["s3://acme/${filename}"],
                ["s3://acme/${filename}\u{301}"],
                ["s3://acme/bidi\u{202E}"], ["s3://acme/a", "--format", "yaml"], [],
            ])
        func refused(arguments: [String]) async throws {
            let outcome = try await program.backup(["grant"] + arguments)
            #expect(outcome.status == 64, "\(outcome.errorText)")
            #expect(outcome.output.isEmpty)
            #expect(outcome.errorText.hasPrefix("backup: error: "), "\(outcome.errorText)")
            expectHarmless(outcome.errors)
        }

        struct Fields: Decodable {
            var url: String
            var fields: [String: String]
            var key: String?
            var prefix: String?
            var max_size: Int64
            var expires: String
        }

        static let hardKeys = [
            "one$", "two$$", "quote\"s'", "back\\slash", "é💾", "<script>alert(1)</script>&amp;",
            "=cmd", "a;type=x", "@file", "<file", "%41 +", "'\u{301};touch x;:'\u{301}",
        ]

        @Test("is valid JSON whatever the key holds", arguments: hardKeys)
        func json(key: String) async throws {
            let outcome = try await program.backup([
                "grant", "s3://acme/\(key)", "--format", "json",
            ])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let grant = try JSONDecoder().decode(Fields.self, from: Data(outcome.output))
            #expect(grant.key == key)
            #expect(grant.fields["key"] == key)
            // AWS turns ACLs off in new buckets, and then takes no other.
            #expect(grant.fields["acl"] == "bucket-owner-full-control")
            for (options, acl) in [
                (["--acl", "private"], "private"), (["--acl", "none"], nil),
                (["--endpoint-url", "https://s3.example.org"], "private"),
            ] as [([String], String?)] {
                let other = try await program.backup(
                    ["grant", "s3://acme/\(key)", "--format", "json"] + options)
                #expect(other.status == 0, "\(other.errorText)")
                let fields = try JSONDecoder().decode(Fields.self, from: Data(other.output)).fields
                #expect(fields["acl"] == acl)
            }
            #expect(grant.max_size == 5 << 30)
            let warned = outcome.errorText.contains(
                "warning: AWS refuses forms whose fields hold $$")
            #expect(warned == key.contains("$$"))
        }

        @Test("a hidden character is written as an escape where it would not show")
        func hidden() async throws {
            for format in ["json", "html"] {
                let outcome = try await program.backup([
                    "grant", "s3://acme/bidi\u{202E}gpg", "--format", format,
                ])
                #expect(outcome.status == 0, "\(outcome.errorText)")
                expectHarmless(outcome.output)
            }
        }

        @Test("never holds the secret key, in any form, --debug included")
        func secret() async throws {
            for format in ["curl", "json", "html"] {
                let outcome = try await program.backup([
                    "grant", "s3://acme/a", "--format", format, "--debug",
                ])
                #expect(outcome.status == 0)
                #expect(outcome.text.contains("AKIDEXAMPLE/"))
                #expect(!(outcome.text + outcome.errorText).contains("the+secret"))
            }
        }

        @Test("the script takes 201 alone for an answer of S3", arguments: [200, 204, 302, 403])
        func proxies(status: Int) async throws {
            let server = try FaultServer { _ in
                FaultServer.Reply(status, Array("<html>\u{1B}[31mlog in</html>".utf8))
            }
            defer { server.stop() }
            var program = program
            program.environment["AWS_ENDPOINT_URL_S3"] = server.url
            let script = try await program.backup(["grant", "s3://acme/a"])
            let path = try program.home.write("upload.sh", script.text)
            let outcome = try await program.run("sh", [path, "echo", "x"])
            #expect(outcome.status == 1)
            #expect(outcome.output.isEmpty)
            #expect(outcome.errorText.contains("the server answered \(status), not 201"))
            expectHarmless(outcome.errors)
            #expect(server.requests.count == 1)
        }

        @Test("the script does not know what a cut connection did, and says so")
        func cut() async throws {
            let server = try FaultServer { _ in
                var reply = FaultServer.Reply(201, Array("<PostResponse>".utf8))
                reply.course = .cut(after: 3)
                return reply
            }
            defer { server.stop() }
            var program = program
            program.environment["AWS_ENDPOINT_URL_S3"] = server.url
            let script = try await program.backup(["grant", "s3://acme/a"])
            let path = try program.home.write("upload.sh", script.text)
            let outcome = try await program.run("sh", [path, "echo", "x"])
            #expect(outcome.status == 5, "\(outcome.errorText)")
            #expect(outcome.output.isEmpty)
            #expect(outcome.errorText.contains("is not known"))
        }
    }
}

extension EndToEnd.WithCeph {
    @Suite("a granted form", .enabled(if: TestServer.ceph != nil, TestServer.howToStart))
    struct GrantedFormTests {
        let ceph: TestServer
        let bucket: String
        let program: Program

        /// Each test has a bucket of its own, so that it can count what was stored.
        init() async throws {
            ceph = try #require(TestServer.ceph)
            bucket = "granted-\(UInt32.random(in: 0 ... .max))"
            try await ceph.load(bucket, [])
            program = try Program(at: ceph, as: "uploader")
        }

        private func grant(_ key: String, _ options: [String] = []) async throws -> String {
            let outcome = try await program.backup(["grant", "s3://\(bucket)/\(key)"] + options)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            return outcome.text
        }

        /// Runs a script as a server without credentials would.
        private func run(_ script: String, _ arguments: [String]) async throws -> Command.Outcome {
            let server = try Program()
            let path = try server.home.write("upload.sh", script)
            return try await server.run("sh", ["-x", path] + arguments)
        }

        private func expectNothingStored(sourceLocation: SourceLocation = #_sourceLocation)
            async throws
        {
            let versions = try await ceph.versions(in: bucket)
            #expect(versions.isEmpty, sourceLocation: sourceLocation)
        }

        @Test(
            "uploads one version of its key with a shell and curl",
            arguments: [
                "db/plain.gpg", "a b+c%d/é.gpg", "quote\"s'", "back\\slash", "one$ two$$", "a;b,c",
                "@x", "<x", "#x", "-x", "💾", "'\u{301}; exit 9;:'\u{301}",
            ])
        func upload(key: String) async throws {
            let outcome = try await run(try await grant(key), ["printf", "%s", "the backup"])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(outcome.text == "uploaded s3://\(bucket)/\(key), 10 bytes\n")
            let versions = try await ceph.versions(in: bucket)
            #expect(versions.map(\.key) == [key])
            #expect(versions.map(\.content) == ["the backup"])
        }

        @Test("makes a new version each time, and shows nobody its signature")
        func twice() async throws {
            let script = try await grant("a")
            for content in ["first", "second"] {
                // `sh -x` shows every command line: what the list of processes would show.
                let outcome = try await run(script, ["printf", "%s", content])
                #expect(outcome.status == 0, "\(outcome.errorText)")
                #expect(outcome.errorText.contains("+ curl "))
                #expect(!outcome.errorText.contains("signature"))
            }
            let versions = try await ceph.versions(in: bucket)
            #expect(versions.map(\.content) == ["second", "first"])
        }

        @Test("uploads any name below its prefix, and nothing else")
        func prefix() async throws {
            let script = try await grant("web1/*")
            let outcome = try await run(script, ["db/é \"x\".gpg", "printf", "%s", "x"])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(outcome.text == "uploaded s3://\(bucket)/web1/db/é \"x\".gpg, 1 bytes\n")
            let elsewhere = script.replacing("prefix='web1/'", with: "prefix='web2/'")
            let refused = try await run(elsewhere, ["x", "printf", "%s", "x"])
            #expect(refused.status == 1)
            #expect(refused.errorText.contains("answered 403"))
            let keys = try await ceph.versions(in: bucket).map(\.key)
            #expect(keys == ["web1/db/é \"x\".gpg"])
            #expect(try await run(script, ["x"]).status == 64)
            #expect(try await run(script, ["", "printf", "x"]).status == 64)
        }

        @Test("stores nothing of a command that fails, writes nothing or writes too much")
        func producers() async throws {
            let script = try await grant("a", ["--max-size", "1KiB"])
            let failing = try await run(script, ["sh", "-c", "echo part of it; exit 3"])
            #expect(failing.status == 1)
            #expect(failing.errorText.contains("sh exited with 3, nothing was uploaded"))
            let pipeline = try await run(script, ["bash", "-o", "pipefail", "-c", "false | gzip"])
            #expect(pipeline.status == 1)
            #expect(try await run(script, ["true"]).status == 1)
            #expect(try await run(script, ["head", "-c", "1025", "/dev/zero"]).status == 3)
            #expect(try await run(script, []).status == 64)
            try await expectNothingStored()
            #expect(try await run(script, ["head", "-c", "1024", "/dev/zero"]).status == 0)
        }

        @Test(
            "takes no other ACL than it names, and none where it names none",
            arguments: ["private", "bucket-owner-full-control", "none"])
        func acl(name: String) async throws {
            let script = try await grant("a", ["--acl", name])
            #expect(try await run(script, ["echo", "x"]).status == 0)
            let field = "form-string = \"acl=\(name)\""
            #expect(script.contains(field) == (name != "none"))
            let other = script.replacing(field, with: "").replacing(
                "form-string = \"success_action_status",
                with: "form-string = \"acl=public-read\"\nform-string = \"success_action_status")
            #expect(other.contains("public-read"))
            #expect(try await run(other, ["echo", "x"]).status == 1)
            #expect(try await ceph.versions(in: bucket).count == 1)
        }

        @Test("is refused for another size, another key, another field")
        func changed() async throws {
            let script = try await grant("db/a", ["--max-size", "1KiB"])
            let unguarded = script.replacing("-le 1024", with: "-le 9999").replacing(
                "-gt 0 ] || fail 1", with: "-ge 0 ] || fail 1")
            #expect(unguarded != script)
            for (script, command) in [
                (unguarded, ["head", "-c", "1025", "/dev/zero"]), (unguarded, ["true"]),
                (script.replacing("key=db/a", with: "key=db/b"), ["echo", "x"]),
                (script.replacing("acl=private", with: "acl=public-read"), ["echo", "x"]),
                (
                    script.replacing(
                        "form-string = \"acl",
                        with: "form-string = \"x-amz-meta-a=b\"\nform-string = \"acl"),
                    ["echo", "x"]
                ),
                (script.replacing("form-string = \"acl=private\"\n", with: ""), ["echo", "x"]),
            ] {
                let outcome = try await run(script, command)
                #expect(outcome.status == 1, "\(outcome.errorText)")
                #expect(
                    outcome.errorText.contains("answered 403")
                        || outcome.errorText.contains("answered 400"), "\(outcome.errorText)")
            }
            try await expectNothingStored()
        }

        @Test("is refused when its time is over")
        func expired() async throws {
            let script = try await grant("a", ["--expires", "1"])
            try await Task.sleep(for: .seconds(2.5))
            let outcome = try await run(script, ["echo", "x"])
            #expect(outcome.status == 1)
            #expect(outcome.errorText.contains("answered 403"), "\(outcome.errorText)")
            try await expectNothingStored()
        }

        @Test("has no more rights than the key that signed it")
        func rights() async throws {
            let pruner = try Program(at: ceph, as: "pruner")
            let script = try await pruner.backup(["grant", "s3://\(bucket)/a"])
            #expect(script.status == 0)
            #expect(try await run(script.text, ["echo", "x"]).status == 1)
            try await expectNothingStored()
        }

        @Test("uploads from JSON and from a page", arguments: ["json", "html"])
        func otherForms(format: String) async throws {
            let key = "web1/<i>'\"&amp;é \\u0041"
            let text = try await grant(key, ["--format", format])
            let path = try program.home.write("form", text)
            // Reads the fields as a browser or a program would, and posts them.
            let reader = """
                import html.parser, json, subprocess, sys
                text = open(sys.argv[1]).read()
                if sys.argv[2] == "json":
                    form = json.loads(text)
                    url, fields = form["url"], list(form["fields"].items())
                else:
                    fields, url, others = [], None, []
                    class Reader(html.parser.HTMLParser):
                        def handle_starttag(self, tag, attributes):
                            global url
                            given = dict(attributes)
                            if tag == "form": url = given["action"]
                            elif tag == "input" and given["type"] == "hidden":
                                fields.append((given["name"], given["value"]))
                            else: others.append(tag)
                    Reader().feed(text)
                    assert "i" not in others and "script" not in others, others
                words = [w for name, value in fields for w in ("--form-string", name + "=" + value)]
                subprocess.run(["curl", "-sS", "-w", "%{http_code}", "-o", "/dev/null", *words,
                    "-F", "file=@" + sys.argv[1] + ";filename=backup.gpg", url])
                """
            let outcome = try await program.run("/usr/bin/python3", ["-c", reader, path, format])
            #expect(outcome.text == "201", "\(outcome.errorText)")
            let versions = try await ceph.versions(in: bucket)
            #expect(versions.map(\.key) == [key])
        }

        @Test("a page for a prefix keeps the name of the file")
        func pageOfPrefix() async throws {
            let page = try await grant("web1/*", ["--format", "html"])
            #expect(page.contains("value=\"web1/${filename}\""))
            let fields = page.matches(of: /name="([^"]+)" value="([^"]+)"/)
            let words = fields.flatMap { ["--form-string", "\($0.1)=\($0.2)"] }
            let url = try #require(page.firstMatch(of: /action="([^"]+)"/)?.1)
            let file = try program.home.write("shop.gpg", "x")
            let outcome = try await program.run(
                "curl", ["-sS", "-f"] + words + ["-F", "file=@\(file)", String(url)])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(try await ceph.versions(in: bucket).map(\.key) == ["web1/shop.gpg"])
        }
    }
}

import Foundation
import Testing

extension EndToEnd.WithCeph {
    /// A way to the gateway: with or without TLS, the bucket in the path or in the host's name.
    enum Way: String, CaseIterable, CustomTestStringConvertible {
        case httpPath = "http, path"
        case httpVirtual = "http, virtual host"
        case httpsPath = "https, path"
        case httpsVirtual = "https, virtual host"

        var testDescription: String { rawValue }

        private var isTLS: Bool { self == .httpsPath || self == .httpsVirtual }
        /// As boto3 and the AWS configuration name it.
        var style: String { self == .httpPath || self == .httpsPath ? "path" : "virtual" }

        /// Where the gateway listens, by address or by the name that buckets stand before.
        func url(of ceph: TestServer) -> String {
            switch self {
            case .httpPath: ceph.endpoint
            case .httpVirtual: ceph["VHOST_HTTP_ENDPOINT"]
            case .httpsPath: ceph["TLS_ENDPOINT"]
            case .httpsVirtual: ceph["VHOST_ENDPOINT"]
            }
        }

        /// A home whose configuration leads this way, for both programs and for curl.
        func program(at ceph: TestServer, as user: String) throws -> Program {
            var program = try Program(at: ceph, as: user, endpoint: url(of: ceph))
            let configuration = "[default]\ns3 =\n  addressing_style = \(style)\n"
            program.environment["AWS_CONFIG_FILE"] = try program.home.write("config", configuration)
            if isTLS {
                program.environment["AWS_CA_BUNDLE"] = ceph["CA_BUNDLE"]
                program.environment["CURL_CA_BUNDLE"] = ceph["CA_BUNDLE"]
            }
            return program
        }

        /// What a URL must begin with that goes this way.
        func begin(_ bucket: String, _ ceph: TestServer) -> String {
            let url = url(of: ceph)
            return style == "path"
                ? "\(url)/\(bucket)/" : url.replacing("//", with: "//\(bucket).") + "/"
        }
    }

    @Suite(
        "a user who may only put, by every way to Ceph",
        .enabled(if: TestServer.ceph != nil, TestServer.howToStart))
    struct CephWaysTests {
        let ceph: TestServer
        let bucket = "ways-\(UInt32.random(in: 0 ... .max))"

        init() throws { ceph = try #require(TestServer.ceph) }

        @Test(
            "uploads with one request and in parts, and the admin restores both",
            arguments: Way.allCases)
        func upload(way: Way) async throws {
            try await ceph.load(bucket, [])
            let pair = try await KeyPair.shared.value
            let uploader = try way.program(at: ceph, as: "uploader")
            var admin = try way.program(at: ceph, as: "admin")
            admin.environment["GNUPGHOME"] = pair.home
            // Random bytes do not shrink: 12 MiB are three parts.
            for (name, size) in [("small", 100), ("large", 12 << 20)] {
                let source = admin.home.path(name)
                _ = try await admin.run("sh", ["-c", "head -c \(size) /dev/urandom >\(source)"])
                let key = "db/a b+%é/\(name).gpg"
                let uploaded = try await uploader.backup([
                    "upload", "s3://\(bucket)/\(key)", "--recipient", pair.publicKey("curve"),
                    "--part-size", "5MiB", "--debug", "--", "cat", source,
                ])
                #expect(uploaded.status == 0, "\(uploaded.errorText)")
                let requests = uploaded.errorText.matches(of: /> PUT [^ ]*partNumber=/).count
                #expect(requests == (name == "small" ? 0 : 3), "\(uploaded.errorText)")
                let restored = try await admin.backup([
                    "restore", "s3://\(bucket)/\(key)", "--output", source + ".copy",
                ])
                #expect(restored.status == 0, "\(restored.errorText)")
                #expect(try admin.home.read(name + ".copy") == admin.home.read(name))
            }
            #expect(try await ceph.versions(in: bucket).count == 2)
            #expect(try await ceph.uploads(in: bucket).isEmpty)
        }

        @Test("signs a form with which plain curl uploads one object", arguments: Way.allCases)
        func form(way: Way) async throws {
            try await ceph.load(bucket, [])
            let uploader = try way.program(at: ceph, as: "uploader")
            let script = try await uploader.backup(["grant", "s3://\(bucket)/web1/é a.gpg"])
            #expect(script.status == 0, "\(script.errorText)")
            // The form is for the bucket itself; its key is a field.
            #expect(script.text.contains(String(way.begin(bucket, ceph).dropLast())))
            var server = try Program()
            server.environment["CURL_CA_BUNDLE"] = uploader.environment["CURL_CA_BUNDLE"]
            let path = try server.home.write("upload.sh", script.text)
            let outcome = try await server.run("sh", [path, "printf", "%s", "by form"])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let versions = try await ceph.versions(in: bucket)
            #expect(versions.map(\.key) == ["web1/é a.gpg"])
            #expect(versions.map(\.content) == ["by form"])
        }

        @Test("is refused everything else, as boto3 finds", arguments: Way.allCases)
        func refused(way: Way) async throws {
            try await ceph.load(
                bucket,
                ["2026-11-20T01:05:00Z\tput\tk\t100", "2026-11-20T01:05:00Z\tbegin\tk\t5"])
            let version = try #require(try await ceph.versions(in: bucket).first).version_id
            let upload = try #require(try await ceph.uploads(in: bucket).first)
            let settings = try await ceph.settings(of: bucket)
            let tried = try await ceph.script(
                "try-operations.py",
                ["uploader", bucket, "k", version, upload, way.url(of: ceph), way.style])
            #expect(tried.lines.count > 50)
            for line in tried.lines {
                // The answer to a HEAD has no body that could name a code.
                let code = line.hasPrefix("head_") ? "403" : "AccessDenied"
                #expect(line.hasSuffix(" 403 \(code)"), "\(line)")
            }
            #expect(try await ceph.settings(of: bucket) == settings)
            let versions = try await ceph.versions(in: bucket)
            #expect(versions.map(\.version_id) == [version])
            #expect(versions.first?.is_latest == true)
            #expect(try await ceph.uploads(in: bucket) == [upload])
        }

        @Test("is refused by its own programs, too", arguments: Way.allCases)
        func programs(way: Way) async throws {
            try await ceph.load(bucket, ["2026-11-20T01:05:00Z\tput\tk\t100"])
            let uploader = try way.program(at: ceph, as: "uploader")
            let policy = try uploader.policy("version: 1\nbucket: \(bucket)\nkeep: { daily: 7 }\n")
            for words in [
                ["list", "s3://\(bucket)"], ["verify", "s3://\(bucket)/k"],
                ["restore", "s3://\(bucket)/k", "--raw", "--output", "-"],
            ] {
                let outcome = try await uploader.backup(words)
                #expect(outcome.status == 77, "\(words): \(outcome.errorText)")
                #expect(outcome.output.isEmpty)
            }
            let apply = try await uploader.s3prune(["--apply", "--yes", "--policy", policy])
            #expect(apply.status == 77, "\(apply.errorText)")
            #expect(try await ceph.versions(in: bucket).count == 1)
        }
    }
}

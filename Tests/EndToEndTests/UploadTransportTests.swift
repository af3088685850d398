import FaultServer
import Foundation
import Testing

extension EndToEnd {
    /// What lies between the program and its server: certificates, names, proxies.
    @Suite("backup upload, on its way to the server")
    struct UploadTransportTests {
        /// A rig behind TLS; the program is told to go to `host`.
        private struct Encrypted {
            let rig: UploadRig
            let relay: Relay
            let certificate: Certificate

            init(
                for name: String, host: String, hasExpired: Bool = false, isTrusted: Bool = true
            ) async throws {
                rig = try await UploadRig()
                certificate = try await Certificate(for: name, hasExpired: hasExpired)
                relay = try Relay(to: rig.server.port, certificate.options)
                rig.program.environment["AWS_ENDPOINT_URL_S3"] = "https://\(host):\(relay.port)"
                if isTrusted { rig.program.environment["AWS_CA_BUNDLE"] = certificate.authority }
                rig.program.environment["AWS_MAX_ATTEMPTS"] = nil
            }
        }

        @Test("TLS with an authority of its own is what --ca-bundle is for")
        func trusted() async throws {
            let encrypted = try await Encrypted(for: "IP:127.0.0.1", host: "127.0.0.1")
            let outcome = try await encrypted.rig.upload(noise, ["--compression", "none"])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(encrypted.rig.store.objects.count == 1)
            #expect(encrypted.relay.log.contains("encrypted"))
        }

        struct Distrusted: Sendable, CustomTestStringConvertible {
            let testDescription: String
            var name = "IP:127.0.0.1"
            var hasExpired = false
            var isTrusted = true
        }

        @Test(
            "a server that cannot prove who it is is asked once and told nothing",
            arguments: [
                Distrusted(testDescription: "another name", name: "DNS:other.test"),
                Distrusted(testDescription: "expired", hasExpired: true),
                Distrusted(testDescription: "of an unknown authority", isTrusted: false),
            ])
        func distrusted(_ certificate: Distrusted) async throws {
            let encrypted = try await Encrypted(
                for: certificate.name, host: "127.0.0.1", hasExpired: certificate.hasExpired,
                isTrusted: certificate.isTrusted)
            for producer in ["echo x", noise] {
                let outcome = try await encrypted.rig.upload(producer, ["--compression", "none"])
                #expect(outcome.status == 1, "\(outcome.errorText)")
                #expect(outcome.errorText.contains("TLSFailure"), "\(outcome.errorText)")
                #expect(outcome.errorText.contains("--ca-bundle"))
            }
            #expect(encrypted.relay.log.filter { $0 == "accepted" }.count == 2)
            #expect(encrypted.rig.server.requests.isEmpty)
        }

        // MARK: Names

        /// Loopback for s3.test, after a few failures.
        private static func names(failures: Int) async throws -> Preload {
            try await Preload(
                """
                static int count;
                int getaddrinfo(
                    const char *node, const char *service, const struct addrinfo *hints,
                    struct addrinfo **result
                ) {
                    int (*real)(const char *, const char *, const struct addrinfo *,
                        struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
                    if (!node || strcmp(node, "s3.test")) return real(node, service, hints, result);
                    if (__sync_fetch_and_add(&count, 1) < \(failures)) return EAI_AGAIN;
                    return real("127.0.0.1", service, hints, result);
                }
                """)
        }

        @Test(
            "a name that cannot be looked up for a while is looked up again",
            arguments: [(2, Int32(0)), (1_000_000, 75)])
        func name(failures: Int, status: Int32) async throws {
            let rig = try await UploadRig()
            let names = try await Self.names(failures: failures)
            rig.program.environment["LD_PRELOAD"] = names.path
            rig.program.environment["AWS_ENDPOINT_URL_S3"] = "http://s3.test:\(rig.server.port)"
            let outcome = try await rig.upload(
                "echo x", ["--insecure-http", "--addressing-style", "path"])
            #expect(outcome.status == status, "\(outcome.errorText)")
            #expect(rig.store.objects.count == (status == 0 ? 1 : 0))
            if status != 0 { #expect(outcome.errorText.contains("UnknownHost")) }
        }

        // MARK: Proxies

        private let password = "hunter2-of-the-proxy"

        /// A rig behind TLS whose name only a proxy knows.
        private func proxied(
            _ options: [String] = []
        ) async throws -> (Encrypted, proxy: Relay) {
            let encrypted = try await Encrypted(for: "DNS:s3.test", host: "s3.test")
            let proxy = try Relay(to: encrypted.relay.port, ["--proxy"] + options)
            encrypted.rig.program.environment["HTTPS_PROXY"] =
                "http://user:\(password)@127.0.0.1:\(proxy.port)"
            return (encrypted, proxy)
        }

        private let plain = ["--compression", "none", "--addressing-style", "path"]

        @Test("HTTPS_PROXY is asked for a tunnel, and its password stays out of --debug")
        func tunnel() async throws {
            let (encrypted, proxy) = try await proxied()
            let outcome = try await encrypted.rig.upload(noise, plain + ["--debug"])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(encrypted.rig.store.objects.count == 1)
            #expect(proxy.log.contains("CONNECT s3.test:\(encrypted.relay.port) HTTP/1.1"))
            #expect(proxy.log.contains("password user:\(password)"))
            #expect(outcome.errorText.contains("debug:"))
            #expect(!outcome.errorText.contains(password))
        }

        @Test("NO_PROXY goes past it")
        func noProxy() async throws {
            let (encrypted, proxy) = try await proxied()
            let rig = encrypted.rig
            rig.program.environment["NO_PROXY"] = "s3.test"
            let names = try await Self.names(failures: 0)
            rig.program.environment["LD_PRELOAD"] = names.path
            let outcome = try await rig.upload("echo x", plain)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(proxy.log.isEmpty)
        }

        @Test(
            "a proxy that refuses is a failure in which nothing reached the server",
            arguments: [(502, Int32(75), 3), (403, 75, 3), (407, 77, 1)])
        func refused(answer: Int, status: Int32, attempts: Int) async throws {
            let (encrypted, proxy) = try await proxied(["--status", "\(answer)"])
            encrypted.rig.program.environment["AWS_MAX_ATTEMPTS"] = "3"
            for producer in ["echo x", noise] {
                let outcome = try await encrypted.rig.upload(producer, plain)
                #expect(outcome.status == status, "\(outcome.errorText)")
                #expect(outcome.errorText.contains("the proxy answered \(answer)"))
                #expect(outcome.errorText.contains("nothing was stored"))
                #expect(!outcome.errorText.contains(password))
                #expect(!outcome.errorText.contains("may be left"))
            }
            #expect(proxy.log.filter { $0 == "accepted" }.count == 2 * attempts)
            #expect(encrypted.relay.log.isEmpty)
        }

        @Test("what goes to loopback goes past every proxy")
        func loopback() async throws {
            let proxy = try FaultServer { _ in .init() }
            let rig = try await UploadRig()
            for name in ["http_proxy", "all_proxy", "ALL_PROXY", "HTTP_PROXY"] {
                rig.program.environment[name] = proxy.url
            }
            let outcome = try await rig.upload("echo x")
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(proxy.connectionCount == 0)
            #expect(rig.store.objects.count == 1)
        }
    }
}

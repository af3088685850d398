import FaultServer
import Foundation
import Synchronization
import Testing

extension EndToEnd {
    @Suite("backup upload with a role whose credentials end meanwhile")
    struct CredentialRenewalTests {
        /// A token service: the n-th credentials are those of key `ASIAn`, and end after `lifetimes`
        /// seconds; then it refuses.
        static func tokenService(_ lifetimes: [Int]) throws -> FaultServer {
            let count = Mutex(0)
            return try FaultServer { _ in
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                guard number <= lifetimes.count else {
                    return .init(
                        403,
                        text: "<ErrorResponse><Error><Code>AccessDenied</Code>"
                            + "<Message>no</Message></Error></ErrorResponse>")
                }
                let end = Date(timeIntervalSinceNow: Double(lifetimes[number - 1]))
                return .init(
                    text: """
                        <R><AssumeRoleResult><Credentials><AccessKeyId>ASIA\(number)</AccessKeyId>\
                        <SecretAccessKey>s\(number)</SecretAccessKey>\
                        <SessionToken>token\(number)</SessionToken>\
                        <Expiration>\(end.ISO8601Format())</Expiration>\
                        </Credentials></AssumeRoleResult></R>
                        """)
            }
        }

        /// The keys that signed, in the order of the requests.
        private func keys(_ server: FaultServer) -> [String] {
            server.requests.map { request in
                let match = (request["authorization"] ?? "").firstMatch(of: /Credential=(\w+)\//)
                return match.map { String($0.1) } ?? "none"
            }
        }

        private func upload(
            _ rig: UploadRig, _ service: FaultServer
        ) async throws -> Command.Outcome {
            try rig.configure(
                """
                [default]
                role_arn = arn:aws:iam::1:role/uploader
                source_profile = base
                [profile base]
                aws_access_key_id = AKIDBASE
                aws_secret_access_key = s

                """)
            rig.program.environment["AWS_ENDPOINT_URL_STS"] = service.url
            return try await rig.upload(
                UploadCrashTests.numbers, ["--compression", "none", "--concurrency", "1"])
        }

        @Test("those that end soon are renewed before the first request")
        func endSoon() async throws {
            let service = try Self.tokenService([240, 3600])
            defer { service.stop() }
            let rig = try await UploadRig()
            let outcome = try await upload(rig, service)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(!outcome.errorText.contains("credentials"), "\(outcome.errorText)")
            #expect(Set(keys(rig.server)) == ["ASIA2"])
            #expect(service.requests.count == 2)
            #expect(rig.store.objects.count == 1)
        }

        @Test("a part that is refused for them is sent again with new ones")
        func endMeanwhile() async throws {
            let service = try Self.tokenService([3600, 7200])
            defer { service.stop() }
            let rig = try await UploadRig { operation, number, request in
                operation == .part && number >= 2
                    && request["authorization"]?.contains("ASIA1") == true
                    ? .instead(.error(400, "ExpiredToken")) : nil
            }
            let outcome = try await upload(rig, service)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(
                keys(rig.server) == ["ASIA1", "ASIA1", "ASIA1", "ASIA2", "ASIA2", "ASIA2"])
            let object = try #require(rig.store.objects.first)
            let read = try await rig.keys.read(object.body, unpacker: "cat")
            let isWhole = read.text == UploadCrashTests.text
            #expect(isWhole)
        }

        @Test("where that fails it is said, once, and those at hand are used")
        func notRenewed() async throws {
            let service = try Self.tokenService([240])
            defer { service.stop() }
            let rig = try await UploadRig()
            let outcome = try await upload(rig, service)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let warning = "warning: the credentials were not renewed: AssumeRole"
            #expect(outcome.errorText.split(separator: warning).count == 2, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("AccessDenied"))
            #expect(Set(keys(rig.server)) == ["ASIA1"])
        }

        @Test("where they have ended for good, nothing is stored")
        func ended() async throws {
            let service = try Self.tokenService([3600])
            defer { service.stop() }
            let rig = try await UploadRig { operation, _, _ in
                operation == .part || operation == .abort
                    ? .instead(.error(400, "ExpiredToken")) : nil
            }
            let outcome = try await upload(rig, service)
            #expect(outcome.status == 77, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("ExpiredToken"))
            #expect(rig.store.objects.isEmpty)
        }
    }
}

import FaultServer
import Foundation
import Testing

extension EndToEnd {
    /// What the network does to the built program, and what gpg reads afterwards.
    @Suite("backup upload, after faults that pass")
    struct UploadRecoveryTests {
        /// A fault that comes a few times, and what is there when it has passed.
        struct Passing: Sendable, CustomTestStringConvertible {
            let testDescription: String
            var operation = UploadStore.Operation.part
            var times = 1
            var options: [String] = []
            /// How many requests of the operation there are in all; three parts, where it is part.
            var requests = 4
            var warning: String?
            let fault: @Sendable (FaultServer.Received) -> UploadStore.Fault
        }

        static let passing: [Passing] = [
            Passing(testDescription: "a reset half way through a part") { _ in
                var reply = FaultServer.Reply(course: .resetWithoutAnswer)
                reply.readsAtMost = 1 << 20
                return .early(reply)
            },
            Passing(testDescription: "an answer cut within its headers") { _ in
                .after(.init(course: .cutHead(after: 20)))
            },
            Passing(testDescription: "another entity tag") { _ in
                .instead(.init(headers: [("ETag", "\"\(String(repeating: "0", count: 32))\"")]))
            },
            Passing(testDescription: "429") { _ in .instead(.error(429, "TooManyRequests")) },
            Passing(testDescription: "400 RequestTimeout") { _ in
                .instead(.error(400, "RequestTimeout"))
            },
            Passing(testDescription: "silence", options: ["--read-timeout", "4s"]) { _ in
                .instead(.init(course: .stall))
            },
            Passing(
                testDescription: "connections that end after every part", times: 9, requests: 3
            ) { request in
                var reply = UploadStore.stored(request)
                reply.closes = true
                return .after(reply)
            },
            Passing(
                testDescription: "another region", operation: .create, requests: 2
            ) { _ in
                .instead(
                    .init(
                        301, text: "<Error><Code>PermanentRedirect</Code></Error>",
                        headers: [("x-amz-bucket-region", "eu-central-1")]))
            },
            Passing(
                testDescription: "no answer to the beginning", operation: .create, requests: 2,
                warning: "an upload that nobody completes may be left"
            ) { _ in .after(.init(course: .noAnswer)) },
            Passing(
                testDescription: "white space before a completion", operation: .complete,
                requests: 1
            ) { request in
                var reply = UploadStore.completed(
                    request, parts: 3, version: "v1", space: String(repeating: " \n", count: 40))
                reply.course = .drip(bytes: 8, milliseconds: 30)
                return .after(reply)
            },
            Passing(
                testDescription: "an error after a completion's 200", operation: .complete,
                requests: 2
            ) { _ in
                .instead(
                    .init(
                        text: "   \n<Error><Code>InternalError</Code><Message>m</Message></Error>"))
            },
        ]

        /// What is uploaded: three parts.
        private static let numbers = "seq 1 1700000"
        private static let text = (1...1_700_000).map { "\($0)\n" }.joined()

        @Test("every byte is there once, for gpg as well", arguments: passing)
        func passes(fault: Passing) async throws {
            let rig = try await UploadRig { operation, number, request in
                operation == fault.operation && number <= fault.times ? fault.fault(request) : nil
            }
            let outcome = try await rig.upload(
                Self.numbers,
                ["--compression", "none", "--concurrency", "1"] + fault.options)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(rig.store.count(fault.operation) == fault.requests)
            if let warning = fault.warning {
                #expect(outcome.errorText.contains(warning), "\(outcome.errorText)")
                #expect(outcome.errorText.contains("s3prune uploads"))
            } else {
                #expect(outcome.errors.isEmpty, "\(outcome.errorText)")
            }
            let objects = rig.store.objects
            #expect(objects.count == 1)
            let read = try await rig.keys.read(try #require(objects.first).body, unpacker: "cat")
            let isSame = read.text == Self.text
            #expect(isSame, "\(read.errorText)")
        }

        @Test("a server in trouble is waited for beyond the usual five attempts")
        func patience() async throws {
            let rig = try await UploadRig { operation, number, _ in
                guard operation == .part, number <= 5 else { return nil }
                var reply = FaultServer.Reply.error(503, "SlowDown")
                reply.headers.append(("Retry-After", "0"))
                return .instead(reply)
            }
            rig.program.environment["AWS_MAX_ATTEMPTS"] = nil
            let outcome = try await rig.upload(
                "head -c 6000000 /dev/urandom", ["--compression", "none", "--concurrency", "1"])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(rig.store.events.filter { $0.part == 1 }.count == 6)
        }

        // MARK: Other entity tags

        private static let otherTag = UploadStore.Fault.instead(
            .init(headers: [("ETag", "\"\(String(repeating: "0", count: 32))\"")]))

        @Test("a server whose parts never have their MD5 as entity tag fails after three of them")
        func otherTags() async throws {
            let rig = try await UploadRig { operation, _, _ in
                operation == .part ? Self.otherTag : nil
            }
            rig.program.environment["AWS_MAX_ATTEMPTS"] = nil
            let outcome = try await rig.upload(
                "head -c 6000000 /dev/urandom", ["--compression", "none", "--concurrency", "1"])
            #expect(outcome.status == 1, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("EntityTagMismatch"), "\(outcome.errorText)")
            #expect(outcome.errorText.contains("cannot be told from one that damages them"))
            #expect(rig.store.events.filter { $0.part == 1 }.count == 3)
            #expect(rig.holdsNothing)
        }

        @Test("a small backup is put once more at most, and what is there is said")
        func otherTagOfObject() async throws {
            let damaging = UploadStore.Fault.after(
                .init(headers: [("ETag", "\"00\""), ("x-amz-version-id", "v1")]))
            for times in [1, 9] {
                let rig = try await UploadRig { operation, number, _ in
                    operation == .put && number <= times ? damaging : nil
                }
                rig.program.environment["AWS_MAX_ATTEMPTS"] = nil
                let outcome = try await rig.upload("echo x")
                #expect(rig.store.count(.put) == 2)
                #expect(!outcome.errorText.contains("stored twice"), "\(outcome.errorText)")
                if times == 1 {
                    #expect(outcome.status == 0, "\(outcome.errorText)")
                    #expect(
                        outcome.errorText.contains("an earlier attempt may have stored other bytes")
                    )
                } else {
                    #expect(outcome.status == 5, "\(outcome.errorText)")
                    #expect(outcome.errorText.contains("EntityTagMismatch"))
                }
            }
        }

        // MARK: Answers that are none

        @Test(
            "a login page is no S3, and is asked once",
            arguments: [
                "<!DOCTYPE html><html><p>Log in<br></html>", "\n<HTML><body>Log in</body></HTML>",
            ])
        func portal(page: String) async throws {
            let rig = try await UploadRig { operation, _, _ in
                operation == .create ? .instead(.init(text: page)) : nil
            }
            rig.program.environment["AWS_MAX_ATTEMPTS"] = nil
            let outcome = try await rig.upload(noise, ["--compression", "none"])
            #expect(outcome.status == 1, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("InvalidAnswer"), "\(outcome.errorText)")
            #expect(rig.store.count(.create) == 1)
        }

        @Test(
            "no other host is asked, wherever a redirection leads", arguments: [301, 302, 307, 308])
        func redirected(status: Int) async throws {
            let other = try FaultServer { _ in .init() }
            let rig = try await UploadRig { _, _, _ in
                .instead(
                    .init(
                        status,
                        text: "<Error><Code>PermanentRedirect</Code>"
                            + "<Endpoint>127.0.0.1:\(other.port)</Endpoint></Error>",
                        headers: [("Location", "\(other.url)/bkt/db/shop.gpg")]))
            }
            for producer in ["echo x", noise] {
                let outcome = try await rig.upload(producer, ["--compression", "none"])
                #expect(outcome.status == 1, "\(outcome.errorText)")
            }
            #expect(other.connectionCount == 0)
            #expect(rig.store.count(.put) == 1 && rig.store.count(.create) == 1)
        }

        @Test("regions that name each other end after the first step")
        func regionLoop() async throws {
            let rig = try await UploadRig { _, number, _ in
                .instead(
                    .init(
                        301, text: "<Error><Code>PermanentRedirect</Code></Error>",
                        headers: [
                            ("x-amz-bucket-region", number % 2 == 1 ? "eu-west-3" : "us-east-1")
                        ]))
            }
            let outcome = try await rig.upload("echo x")
            #expect(outcome.status == 1, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("PermanentRedirect"))
            #expect(rig.store.count(.put) == 2)
        }

        @Test("a part that the server lost makes the completion fail by its size")
        func lostPart() async throws {
            let rig = try await UploadRig { operation, number, _ in
                operation == .part && number == 2 ? .losing : nil
            }
            let outcome = try await rig.upload(
                noise, ["--compression", "none", "--checksums", "on"])
            #expect(outcome.status == 1, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("CompleteMultipartUpload"), "\(outcome.errorText)")
            #expect(rig.holdsNothing)
        }
    }
}

import FaultServer
import Foundation
import Testing

extension EndToEnd {
    /// Who may, who pays, and what the bucket is.
    @Suite("backup upload, its account and its bucket")
    struct UploadAccountTests {
        private let account = [
            "--expected-bucket-owner", "111122223333", "--request-payer", "requester",
        ]

        @Test(
            "the bucket's owner and who pays are named in every request",
            arguments: [
                (false, ["create", "part", "part", "part", "complete"]),
                (true, ["create", "part", "abort"]),
            ])
        func everyRequest(isRefused: Bool, operations: [String]) async throws {
            let rig = try await UploadRig { operation, _, _ in
                operation == .part && isRefused ? .instead(.error(403, "AccessDenied")) : nil
            }
            let outcome = try await rig.upload(
                noise, ["--compression", "none", "--concurrency", "1"] + account)
            #expect(outcome.status == (isRefused ? 77 : 0), "\(outcome.errorText)")
            #expect(rig.store.events.map(\.operation.rawValue) == operations)
            for request in rig.server.requests {
                #expect(request["x-amz-expected-bucket-owner"] == "111122223333")
                #expect(request["x-amz-request-payer"] == "requester")
                let signed = request["authorization"] ?? ""
                #expect(signed.contains("x-amz-expected-bucket-owner;"))
                #expect(signed.contains("x-amz-request-payer;"))
            }
        }

        @Test("a presigned URL names them, a form cannot and is refused")
        func signatures() async throws {
            let rig = try await UploadRig()
            let url = try await rig.program.backup(["presign", UploadRig.object] + account)
            #expect(url.status == 0, "\(url.errorText)")
            #expect(url.text.contains("x-amz-expected-bucket-owner=111122223333"))
            #expect(url.text.contains("x-amz-request-payer=requester"))
            for option in [account.prefix(2), account.suffix(2)] {
                let form = try await rig.program.backup(["grant", UploadRig.object] + option)
                #expect(form.status == 64, "\(form.errorText)")
                #expect(form.output.isEmpty)
            }
        }

        // MARK: Versions

        private static let warning = "the bucket keeps no versions"

        @Test(
            "a bucket without versions is warned of, for one request and for parts",
            arguments: ["echo x", noise], ["", "null", "v1"])
        func versions(producer: String, version: String) async throws {
            let rig = try await UploadRig { operation, _, request in
                switch operation {
                case .put:
                    var reply = UploadStore.stored(request)
                    reply.headers.append(("x-amz-version-id", version))
                    return .after(reply)
                case .complete:
                    return .after(UploadStore.completed(request, parts: 3, version: version))
                default: return nil
                }
            }
            let outcome = try await rig.upload(
                producer, ["--compression", "none", "--format", "json"])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let isKept = version == "v1"
            #expect(outcome.errorText.contains(Self.warning) == !isKept, "\(outcome.errorText)")
            let id = version.isEmpty ? "null" : "\"\(version)\""
            #expect(outcome.text.contains("\"version_id\":\(id)"), "\(outcome.text)")
        }

        @Test("a completion that is confirmed the second time, as Ceph does it, is no such bucket")
        func confirmedAgain() async throws {
            let rig = try await UploadRig { operation, number, request in
                guard operation == .complete else { return nil }
                return number == 1
                    ? .after(.init(course: .noAnswer))
                    : .instead(UploadStore.completed(request, parts: 3, version: ""))
            }
            let outcome = try await rig.upload(
                noise, ["--compression", "none", "--format", "json"])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(!outcome.errorText.contains(Self.warning), "\(outcome.errorText)")
            #expect(outcome.text.contains("\"version_id\":null"))
        }

        // MARK: Temporary credentials

        @Test(
            "credentials that have ended do no work, such as end soon are warned of",
            arguments: [(-60.0, Int32(77), true), (1800, 0, true), (7200, 0, false)])
        func expiration(seconds: Double, status: Int32, isSaid: Bool) async throws {
            let rig = try await UploadRig()
            rig.program.environment["AWS_CREDENTIAL_EXPIRATION"] = Self.end(seconds)
            try await expect(rig, status: status, isSaid: isSaid)
        }

        @Test(
            "credentials that can be renewed are not warned of",
            arguments: [(-60.0, true), (1800, false)])
        func renewable(seconds: Double, hasEnded: Bool) async throws {
            let rig = try await UploadRig()
            let end = Self.end(seconds)
            let json = """
                {"Version": 1, "AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "secret",
                 "SessionToken": "token", "Expiration": "\(end)"}
                """
            let file = try rig.program.home.write("credentials.json", json)
            try rig.configure("[default]\ncredential_process = /bin/cat \(file)\n")
            try await expect(rig, status: hasEnded ? 77 : 0, isSaid: hasEnded)
        }

        private static func end(_ seconds: Double) -> String {
            ISO8601DateFormatter().string(from: Date(timeIntervalSinceNow: seconds))
        }

        /// Uploads, unless the credentials have ended; `isSaid` is whether that, or that they will
        /// soon, is said.
        private func expect(_ rig: UploadRig, status: Int32, isSaid: Bool) async throws {
            let mark = rig.program.home.path("mark")
            let outcome = try await rig.upload("touch \(mark); echo x")
            #expect(outcome.status == status, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("credentials end") == isSaid, "\(outcome.errorText)")
            #expect(FileManager.default.fileExists(atPath: mark) == (status == 0))
            #expect(rig.server.requests.isEmpty == (status != 0))
        }
    }
}

extension EndToEnd.WithCeph {
    @Suite(
        "backup upload to Ceph, with another clock",
        .enabled(if: TestServer.ceph != nil, TestServer.howToStart))
    struct UploadClockTests {
        @Test("both clocks are named where they disagree", arguments: [1200, -1200])
        func skewed(offset: Int) async throws {
            let ceph = try #require(TestServer.ceph)
            let keys = try await BackupKeys.shared.value
            try await ceph.load("upload-clocks", [])
            let program = try Program(
                at: ceph, as: "admin", endpoint: ceph["LOADER_ENDPOINT"])
            let outcome = try await ceph.withClock(offset: offset) {
                try await program.backup([
                    "upload", "s3://upload-clocks/a.gpg", "--recipient", keys.file("curve.asc"),
                    "--", "echo", "x",
                ])
            }
            #expect(outcome.status == 3, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("RequestTimeTooSkewed"), "\(outcome.errorText)")
            #expect(!outcome.errorText.contains("attempts"))
            let clocks = outcome.errorText
                .matches(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/)
                .compactMap { ISO8601DateFormatter().date(from: String($0.output)) }
            try #require(clocks.count == 2, "\(outcome.errorText)")
            let apart = clocks[1].timeIntervalSince(clocks[0])
            #expect(abs(apart - Double(offset)) < 60)
        }
    }
}

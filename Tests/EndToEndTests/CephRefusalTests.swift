import Foundation
import Testing

extension EndToEnd.WithCeph {
    /// A dry run that cannot be trusted or is not allowed: what happens, and what is said.
    struct Refusal: CustomTestStringConvertible, Sendable {
        var testDescription: String
        /// The user of the test server that asks.
        var user = "pruner"
        var bucket = "refusals"
        /// Replaces variables of the environment.
        var environment: [String: String] = [:]
        var status: Int32
        /// What standard error must say, in any order.
        var words: [String]
    }

    @Suite(
        "a dry run that S3 or the bucket does not allow",
        .enabled(if: TestServer.ceph != nil, TestServer.howToStart))
    struct CephRefusalTests {
        let ceph: TestServer

        /// Three versioned, suspended and unversioned buckets with one version each.
        static let buckets = Task {
            let put = ["2026-11-20T01:05:00Z\tput\tdb/a.sql.gz.gpg\t100"]
            try await TestServer.ceph?.load("refusals", put)
            try await TestServer.ceph?.load("suspended", versioning: "Suspended", put)
            try await TestServer.ceph?.load("unversioned", versioning: "none", put)
        }

        init() async throws {
            ceph = try #require(TestServer.ceph)
            try await Self.buckets.value
        }

        static let refusals: [Refusal] = [
            Refusal(
                testDescription: "a wrong secret",
                environment: ["AWS_SECRET_ACCESS_KEY": "wrong"],
                status: 77, words: ["SignatureDoesNotMatch", "refusals"]),
            Refusal(
                testDescription: "an unknown access key",
                environment: ["AWS_ACCESS_KEY_ID": "NOBODY"],
                status: 77, words: ["InvalidAccessKeyId"]),
            Refusal(
                testDescription: "no credentials at all",
                environment: ["AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""],
                status: 77, words: ["credentials"]),
            Refusal(
                testDescription: "a user who may only put",
                user: "uploader", status: 77, words: ["AccessDenied", "refusals"]),
            Refusal(
                testDescription: "a bucket that was never versioned", user: "admin",
                bucket: "unversioned", status: 3, words: ["unversioned", "versioning"]),
            Refusal(
                testDescription: "a bucket whose versioning is suspended", user: "admin",
                bucket: "suspended", status: 3, words: ["suspended", "versioning"]),
            Refusal(
                testDescription: "a bucket that is not there", user: "admin",
                bucket: "nowhere", status: 1, words: ["NoSuchBucket", "nowhere"]),
        ]

        @Test("is refused, and the error says why", arguments: refusals)
        func refused(_ refusal: Refusal) async throws {
            var program = try Program(at: ceph, as: refusal.user)
            program.environment.merge(refusal.environment) { $1 }
            let outcome = try await program.dryRun(policy(of: refusal.bucket, program))
            #expect(outcome.status == refusal.status, "\(outcome.errorText)")
            #expect(outcome.output.isEmpty)
            #expect(outcome.errorText.hasPrefix("s3prune: error: "))
            for word in refusal.words {
                #expect(outcome.errorText.contains(word), "\(outcome.errorText)")
            }
        }

        @Test("names both clocks where they disagree", arguments: [3600, -86400])
        func skewed(offset: Int) async throws {
            let program = try Program(
                at: ceph, as: "pruner", endpoint: ceph["LOADER_ENDPOINT"])
            let policy = try policy(of: "refusals", program)
            let outcome = try await ceph.withClock(offset: offset) {
                try await program.dryRun(policy)
            }
            #expect(outcome.status == 3, "\(outcome.errorText)")
            #expect(outcome.output.isEmpty)
            #expect(outcome.errorText.contains("RequestTimeTooSkewed"))

            let clocks = outcome.errorText
                .matches(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/)
                .compactMap { ISO8601DateFormatter().date(from: String($0.output)) }
            try #require(clocks.count == 2, "\(outcome.errorText)")
            let apart = abs(clocks[0].timeIntervalSince(clocks[1]))
            #expect(abs(apart - Double(abs(offset))) < 60)
        }

        @Test("goes on where the clocks differ by less than S3 refuses, and reports it")
        func slightlySkewed() async throws {
            let program = try Program(
                at: ceph, as: "pruner", endpoint: ceph["LOADER_ENDPOINT"])
            let policy = try policy(of: "refusals", program)
            let outcome = try await ceph.withClock(offset: 600) { try await program.dryRun(policy) }
            #expect(outcome.status == 6, "\(outcome.errorText)")
            #expect(try Plan(outcome).problems.map(\.code) == ["clock"])
        }

        private func policy(of bucket: String, _ program: Program) throws -> String {
            try program.policy("version: 1\nbucket: \(bucket)\nkeep: { daily: 7 }\n")
        }
    }
}

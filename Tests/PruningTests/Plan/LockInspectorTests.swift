import CivilTime
import FaultServer
import Foundation
import PolicyFile
import Retention
import S3
import Synchronization
import Testing

@testable import Pruning

@Suite struct LockInspectorTests {
    private static let configured =
        "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>"
        + "</ObjectLockConfiguration>"

    private static func retention(_ end: String, _ mode: String = "GOVERNANCE") -> String {
        "<Retention><Mode>\(mode)</Mode><RetainUntilDate>\(end)</RetainUntilDate></Retention>"
    }

    /// What a run made of nightly versions of a key, `daily: 2` kept, and what it asked for.
    private struct Outcome {
        var actions: [String] = []
        var problems: [Problem] = []
        var requests: [FaultServer.Received] = []
    }

    private func plan(
        nights: Int, configuration: FaultServer.Reply = .init(text: configured),
        concurrency: Int = 3,
        answer: @escaping @Sendable (_ kind: String, _ id: String) -> FaultServer.Reply
    ) throws -> Outcome {
        let server = try FaultServer { request in
            if request.query["object-lock"] != nil { return configuration }
            let kind = request.query["retention"] != nil ? "retention" : "legal-hold"
            return answer(kind, request.query["versionId"] ?? "")
        }
        defer { server.stop() }
        var options = Client.Options(
            clock: { Timestamp(rfc3339: "2026-11-23T03:00:00Z")! }, sleep: { _ in })
        options.retry.maxAttempts = 1
        let client = Client(
            endpoint: try Endpoint(url: server.url, region: "us-east-1"),
            credentials: Credentials(
                accessKeyID: "AKIDEXAMPLE", secretAccessKey: Secret("secret"), sessionToken: nil,
                source: "test"),
            options: options)
        var sample = Sample()
        sample.add("a", nights: nights)
        let policy = try sample.loadedPolicy()
        let sink = ActionSink()
        var run = PruneRun(policy: policy, sinks: [sink])
        run.locks = LockInspector(client: client, bucket: "bucket", concurrency: concurrency)
        var source = Sample.Pages(pages: [try sample.page()])
        _ = try run.plan(&source) { _ in sample.header(of: policy) }
        return Outcome(actions: sink.actions, problems: sink.problems, requests: server.requests)
    }

    private final class ActionSink: PlanSink {
        var actions: [String] = []
        var problems: [Problem] = []

        func begin(_ header: PlanHeader) throws {}
        func add(_ key: KeyPlan) throws {
            actions = (0..<key.versions.count).map { index in
                let decision = key.decision(at: index)
                return decision.action == .delete
                    ? "delete" : decision.reasons.map(\.code.rawValue).joined(separator: "+")
            }
        }
        func add(_ problem: Problem) throws { problems.append(problem) }
        func end(_ summary: PlanSummary) throws {}
    }

    private static let none = FaultServer.Reply.error(404, "NoSuchObjectLockConfiguration")

    @Test("only versions that would go are asked for, and what is locked is kept")
    func locked() throws {
        let outcome = try plan(nights: 8) { kind, id in
            switch (kind, id) {
            case ("retention", "v-2"): .init(text: Self.retention("2026-07-01T00:00:00Z"))
            case ("retention", "v-3"):
                .init(text: Self.retention("2030-01-01T00:00:00Z", "COMPLIANCE"))
            case ("retention", "v-4"): .init(text: Self.retention("2026-06-30T12:00:00Z"))
            case ("legal-hold", "v-5"): .init(text: "<LegalHold><Status>ON</Status></LegalHold>")
            case ("legal-hold", "v-6"): .init(text: "<LegalHold><Status>OFF</Status></LegalHold>")
            default: Self.none
            }
        }
        #expect(
            outcome.actions == [
                "current+min-versions+daily", "daily", "locked", "locked", "delete", "legal-hold",
                "delete", "delete",
            ])
        #expect(outcome.problems.isEmpty)
        let asked = outcome.requests.dropFirst().map {
            "\($0.query["retention"] != nil ? "r" : "h") \($0.query["versionId"] ?? "")"
        }
        // What retention keeps is not asked for a legal hold, and nothing is asked twice.
        #expect(
            Set(asked) == [
                "r v-2", "r v-3", "r v-4", "r v-5", "r v-6", "r v-7", "h v-4", "h v-5", "h v-6",
                "h v-7",
            ])
        #expect(asked.count == 10)
    }

    @Test(
        "a bucket without Object Lock is asked once and its versions never",
        arguments: [
            FaultServer.Reply.error(404, "ObjectLockConfigurationNotFoundError"),
            .init(text: "<ObjectLockConfiguration/>"),
        ])
    func noLocks(configuration: FaultServer.Reply) throws {
        let outcome = try plan(nights: 8, configuration: configuration) { _, _ in Self.none }
        #expect(outcome.requests.count == 1)
        #expect(outcome.actions.count { $0 == "delete" } == 6)
    }

    @Test("where nothing would go nothing is asked")
    func nothingToDelete() throws {
        #expect(try plan(nights: 2) { _, _ in Self.none }.requests.isEmpty)
    }

    @Test("what may not be asked is reported once, and the rest goes on")
    func denied() throws {
        let denied = FaultServer.Reply.error(403, "AccessDenied")
        let half = try plan(nights: 30, configuration: denied, concurrency: 1) { kind, id in
            if kind == "retention" { return denied }
            return id == "v-9"
                ? .init(text: "<LegalHold><Status>ON</Status></LegalHold>") : Self.none
        }
        #expect(half.problems.map(\.code) == [.locks])
        #expect(half.problems.first?.message.contains("GetObjectRetention: AccessDenied") == true)
        #expect(half.actions[9] == "legal-hold")
        #expect(half.requests.count == 1 + 1 + 28)
        let whole = try plan(nights: 30, concurrency: 1) { _, _ in denied }
        #expect(whole.problems.map(\.code) == [.locks])
        #expect(whole.actions.count { $0 == "delete" } == 28)
        #expect(whole.requests.count == 3)
    }

    @Test("a version that went meanwhile is not locked")
    func gone() throws {
        let outcome = try plan(nights: 4) { _, _ in .error(404, "NoSuchVersion") }
        #expect(outcome.actions.count { $0 == "delete" } == 2)
        #expect(outcome.problems.isEmpty)
    }

    @Test(
        "an answer that is none ends the run",
        arguments: [
            FaultServer.Reply.error(500, "InternalError"), .error(403, "InvalidAccessKeyId"),
            .init(text: "<html/>"), .init(text: "<Retention><Mode>SOME</Mode></Retention>"),
            .init(200, course: .noAnswer),
        ])
    func failure(reply: FaultServer.Reply) {
        #expect(throws: S3Error.self) { try plan(nights: 20) { _, _ in reply } }
    }
}

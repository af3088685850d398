import CivilTime
import FaultServer
import Synchronization
import Testing

@testable import S3

@Suite("temporary credentials that are renewed")
struct CredentialRenewalTests {
    /// What a source of credentials gives, one after the other, and how often it was asked.
    private final class Source: Sendable {
        private let state: Mutex<(next: [Result<Credentials, ConfigurationError>], asked: Int)>
        let failures = Mutex<[String]>([])

        init(_ results: [Result<Credentials, ConfigurationError>]) { state = Mutex((results, 0)) }

        var asked: Int { state.withLock { $0.asked } }

        func renewal(of credentials: Credentials) -> CredentialRenewal {
            CredentialRenewal(
                credentials, source: { () throws(ConfigurationError) in try self.next() },
                onFailure: { error in self.failures.withLock { $0.append("\(error)") } })
        }

        private func next() throws(ConfigurationError) -> Credentials {
            try state.withLock { state in
                state.asked += 1
                return state.next.count > 1 ? state.next.removeFirst() : state.next[0]
            }.get()
        }
    }

    private static func key(
        _ id: String, end: Int64?, source: String = "role"
    ) -> Credentials {
        Credentials(
            accessKeyID: id, secretAccessKey: Secret("s"), sessionToken: Secret("t" + id),
            source: source, expiration: end.map { Timestamp(seconds: $0) })
    }

    private static func time(_ seconds: Int64) -> Timestamp { Timestamp(seconds: seconds) }

    private let refusal = ConfigurationError(subject: "AssumeRole r", message: "AccessDenied: no")

    @Test("the source is asked from five minutes before the end on, and what it gives is used")
    func inTime() {
        let source = Source([.success(Self.key("B", end: 7200))])
        let renewal = source.renewal(of: Self.key("A", end: 3600))
        for (seconds, id) in [(0, "A"), (3300, "A"), (3301, "B"), (3302, "B"), (6900, "B")] {
            let current = renewal.current(at: Self.time(Int64(seconds)))
            #expect(current.credentials.accessKeyID == id, "at \(seconds)")
        }
        #expect(source.asked == 1 && source.failures.withLock(\.isEmpty))
    }

    @Test("credentials of another account's, or that last no longer, are not taken")
    func refused() {
        for (found, words) in [
            (Self.key("B", end: 7200, source: "other"), ["other"]),
            (Self.key("B", end: 3600), []), (Self.key("B", end: 3599), []),
        ] {
            let source = Source([.success(found)])
            let renewal = source.renewal(of: Self.key("A", end: 3600))
            #expect(renewal.current(at: Self.time(3500)).credentials.accessKeyID == "A")
            #expect(source.asked == 1)
            let failures = source.failures.withLock { $0 }
            #expect(failures.count == words.count)
            #expect(failures.allSatisfy { $0.contains("come from other now, no more from role") })
        }
    }

    @Test("a source that fails is asked once a minute, and those at hand sign meanwhile")
    func failing() {
        let source = Source([
            .failure(refusal), .failure(refusal), .success(Self.key("B", end: nil)),
        ])
        let renewal = source.renewal(of: Self.key("A", end: 3600))
        for (seconds, id, asked) in [
            (3400, "A", 1), (3459, "A", 1), (3460, "A", 2), (3519, "A", 2), (3600, "B", 3),
            (99_999, "B", 3),
        ] {
            let current = renewal.current(at: Self.time(Int64(seconds)))
            #expect(current.credentials.accessKeyID == id, "at \(seconds)")
            #expect(source.asked == asked, "at \(seconds)")
        }
        #expect(source.failures.withLock { $0 } == Array(repeating: "\(refusal)", count: 2))
    }

    @Test("what is said to have ended is renewed once, however many notice it")
    func ended() async {
        let source = Source([.success(Self.key("B", end: nil))])
        let renewal = source.renewal(of: Self.key("A", end: nil))
        let isRenewed = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask { renewal.hasOthers(than: 0, at: Self.time(100)) }
            }
            return await group.reduce(true) { $0 && $1 }
        }
        #expect(isRenewed && source.asked == 1)
        #expect(!renewal.hasOthers(than: 1, at: Self.time(159)))
        #expect(source.asked == 1)
        #expect(renewal.hasOthers(than: 1, at: Self.time(160)))
        #expect(source.asked == 2)
    }

    /// A client with key A, which ends an hour after its clock's moment.
    private func rig(_ source: Source, _ server: FaultServer) throws -> Rig {
        let renewal = source.renewal(of: Self.key("A", end: Rig.now.seconds + 3600))
        return try Rig(server) { $0.renewal = renewal }
    }

    private func keys(_ server: FaultServer) -> [String] {
        server.requests.map { request in
            let text = request["authorization"] ?? ""
            return text.contains("Credential=B/") && request["x-amz-security-token"] == "tB"
                ? "B" : text.contains("AKIDEXAMPLE") ? "A" : "?"
        }
    }

    @Test("a request that is refused for credentials that have ended is signed with new ones")
    func expired() throws {
        let server = try FaultServer([
            .init(), .error(400, "ExpiredToken"), .init(text: "fine"), .init(text: "fine"),
            .init(text: "fine"),
        ])
        defer { server.stop() }
        let rig = try rig(Source([.success(Self.key("B", end: Rig.now.seconds + 7200))]), server)
        _ = try rig.get()
        #expect(try rig.get() == "fine")
        #expect(try rig.get() == "fine")
        let other = rig.client.another()
        _ = try other.perform(
            Request(.get, .bucket("bkt"), query: [QueryItem("location")]), operation: "Get")
        #expect(keys(server) == ["A", "A", "B", "B", "B"])
        #expect(rig.waits.isEmpty)
        #expect(!rig.debugLines.joined().contains("tB"))
    }

    @Test("without new ones, or refused again, a request fails as it did")
    func stillExpired() throws {
        for (result, sent) in [
            (Result<Credentials, ConfigurationError>.failure(refusal), 1),
            (.success(Self.key("B", end: Rig.now.seconds + 3600)), 1),
            (.success(Self.key("B", end: Rig.now.seconds + 7200)), 2),
        ] {
            let server = try FaultServer { _ in .error(400, "ExpiredToken") }
            defer { server.stop() }
            let rig = try rig(Source([result]), server)
            #expect(rig.errorOfGet()?.code == "ExpiredToken")
            #expect(server.requests.count == sent)
        }
    }

    @Test("once cancelled, nothing is renewed any more")
    func cancelled() throws {
        let source = Source([.success(Self.key("B", end: nil))])
        let server = try FaultServer { _ in .error(400, "ExpiredToken") }
        defer { server.stop() }
        let rig = try rig(source, server)
        rig.cancellation.cancel()
        #expect(rig.errorOfGet() != nil)
        #expect(source.asked == 0)
    }
}

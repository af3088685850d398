import FaultServer
import Foundation
import Synchronization
import Testing

extension EndToEnd {
    /// Everything is listed before anything is deleted: a page that is not right keeps all.
    @Suite("a listing of several pages under --apply")
    struct ApplyListingTests {
        private static let nightly = PruneStore.nightly(keys: 3, versions: 3)

        struct Fault: Sendable, CustomTestStringConvertible {
            var testDescription: String
            var status: Int32
            var says: String
            /// What is sent in place of the right second page of three.
            var page: @Sendable (_ right: FaultServer.Reply) -> FaultServer.Reply

            init(
                _ description: String, _ status: Int32, says: String,
                _ page: @escaping @Sendable (FaultServer.Reply) -> FaultServer.Reply
            ) {
                testDescription = description
                self.status = status
                self.says = says
                self.page = page
            }

            /// Replaces text of the right page.
            static func text(
                _ old: String, _ new: String
            ) -> @Sendable (FaultServer.Reply) -> FaultServer.Reply {
                { right in
                    var reply = right
                    let text = String(decoding: right.body, as: UTF8.self)
                    reply.body = Array(text.replacing(old, with: new).utf8)
                    return reply
                }
            }
        }

        static let faults: [Fault] = [
            Fault("500 for ever", 75, says: "InternalError") { _ in .error(500, "InternalError") },
            Fault("denied", 77, says: "AccessDenied") { _ in .error(403, "AccessDenied") },
            Fault("the bucket gone", 1, says: "NoSuchBucket") { _ in .error(404, "NoSuchBucket") },
            Fault("cut", 75, says: "IncompleteAnswer") { right in
                var reply = right
                reply.course = .cut(after: 200)
                return reply
            },
            Fault("reset", 75, says: "ListObjectVersions") { right in
                var reply = right
                reply.course = .reset(after: 200)
                return reply
            },
            Fault("the end of its document missing", 75, says: "ListObjectVersions") { right in
                var reply = right
                reply.body = reply.body.dropLast("</ListVersionsResult>".utf8.count)
                return reply
            },
            Fault("no XML", 1, says: "ListObjectVersions") { _ in .init(text: "<html>hi</html>") },
            Fault("empty", 75, says: "ListObjectVersions") { _ in .init(text: "") },
            Fault(
                "a marker that stays where it is", 1, says: "listing",
                Fault.text(
                    "<NextKeyMarker>k00001</NextKeyMarker><NextVersionIdMarker>i1-2",
                    "<NextKeyMarker>k00000</NextKeyMarker><NextVersionIdMarker>i0-2")),
            Fault(
                "no marker though it is truncated", 1, says: "ListObjectVersions",
                Fault.text("<NextKeyMarker>k00001</NextKeyMarker>", "")),
            Fault("a key that steps back", 1, says: "comes after", Fault.text("k00001", "k")),
            Fault("a version twice", 1, says: "i1-0", Fault.text("i1-1", "i1-0")),
            Fault("no version id", 1, says: "VersionId", Fault.text("i1-1", "")),
            Fault("a date that is none", 1, says: "LastModified", Fault.text("T", "_")),
            Fault(
                "of another bucket", 1, says: "OtherBucket",
                Fault.text("<Name>bkt</Name>", "<Name>other</Name>")),
            Fault("with a key outside the prefix", 1, says: "prefix", Fault.text("k00001", "m")),
        ]

        @Test("deletes nothing where its second page is wrong", arguments: faults)
        func fails(_ fault: Fault) async throws {
            var course = PruneStore.Course()
            course.pageSize = 3
            course.page = { number, right in number == 1 ? fault.page(right) : right }
            let rig = try PruneRig(PruneStore(["bkt": Self.nightly], course))
            let outcome = try await rig.apply(policy: rig.policy("s3://bkt/k", name: "prefix"))
            #expect(outcome.status == fault.status, "\(outcome.errorText)")
            #expect(outcome.errorText.contains(fault.says), "\(outcome.errorText)")
            #expect(outcome.output.isEmpty)
            #expect(rig.server.requests.allSatisfy { $0.method == "GET" })
            #expect(rig.store.ids() == Self.nightly.map(\.id))
            let pages = rig.server.requests.filter { $0.query["versions"] != nil }
            #expect(pages.contains { $0.query["key-marker"] == "k00000" }, "the second was asked")
        }

        @Test("deletes nothing where the server ignores the prefix")
        func ignoredPrefix() async throws {
            var course = PruneStore.Course()
            course.ignoresPrefix = true
            let rig = try PruneRig(PruneStore(["bkt": Self.nightly], course))
            let outcome = try await rig.apply(
                policy: rig.policy("s3://bkt/k00001", name: "prefix"))
            #expect(outcome.status == 1, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("prefix"), "\(outcome.errorText)")
            #expect(rig.store.deletions == 0)
        }

        @Test("is read to its end before anything is deleted, and all of it counts")
        func order() async throws {
            var course = PruneStore.Course()
            course.pageSize = 2
            let rig = try PruneRig(PruneStore(["bkt": Self.nightly], course))
            let outcome = try await rig.apply()
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(rig.store.ids() == ["i0-0", "i1-0", "i2-0"])
            let requests = rig.server.requests
            let last = try #require(requests.lastIndex { $0.query["versions"] != nil })
            let first = try #require(requests.firstIndex { $0.method == "POST" })
            #expect(last < first)
            #expect(requests.count { $0.query["versions"] != nil } == 5)
            // Between the two, and after the listing, the bucket's state is asked for once more.
            #expect(requests[last..<first].contains { $0.query["versioning"] != nil })
        }

        @Test("a bucket suspended while it was listed is refused", arguments: ["run", "apply"])
        func suspended(command: String) async throws {
            let isListed = Mutex(false)
            let store = PruneStore(["bkt": Self.nightly])
            let server = try FaultServer { request in
                if request.query["versioning"] != nil, isListed.withLock({ $0 }) {
                    return .init(
                        text: "<VersioningConfiguration><Status>Suspended</Status>"
                            + "</VersioningConfiguration>")
                }
                let reply = store.reply(to: request)
                if request.query["versions"] != nil { isListed.withLock { $0 = true } }
                return reply
            }
            defer { server.stop() }
            var rig = try PruneRig(store)
            rig.program.environment["AWS_ENDPOINT_URL_S3"] = server.url
            let policy = try rig.policy()
            let plan = rig.program.home.path("plan")
            _ = try await rig.program.s3prune(["--policy", policy, "--plan-out", plan])
            isListed.withLock { $0 = false }
            let outcome =
                command == "run"
                ? try await rig.apply() : try await rig.program.s3prune(["apply", plan, "--yes"])
            #expect(outcome.status == 3, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("versioning is suspended"))
            #expect(outcome.errorText.contains("nothing is deleted there"))
            #expect(store.deletions == 0)
        }
    }
}

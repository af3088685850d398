import Console
import FaultServer
import Foundation
import Testing

@testable import Pruning
@testable import S3

@Suite("deleting the versions of a plan")
struct DeleterTests {
    @Test("every version goes once, the first alone and then a thousand with a request")
    func batches() throws {
        let versions = manyVersions(2502)
        let other = version("other", "v1")
        let rig = try DeleterRig(try LoopbackBucket(versions + [other]))
        let result = try rig.run(versions)
        #expect(result.deleted == 2502 && result.planned == 2502 && result.untried == 0)
        #expect(result.bytesDeleted == 25_020)
        #expect(result.stop == nil && result.exitCode == .done)
        #expect(rig.bucket.present == [other])
        #expect(rig.remainders.isEmpty && rig.bucket.listings.isEmpty)
        let sizes = rig.bucket.deletions.map { LoopbackBucket.asked($0).count }
        #expect(sizes.first == 1)
        #expect(sizes.dropFirst().sorted() == [501, 1000, 1000])
        let asked = rig.bucket.deletions.flatMap(LoopbackBucket.asked)
        #expect(Set(asked) == Set(versions) && asked.count == versions.count)
        #expect(rig.progress.sorted() == rig.progress && rig.progress.last == 2502)
    }

    @Test(
        "a thousand is one request and one more is two",
        arguments: [(1, [1]), (2, [1, 1]), (1001, [1, 1000]), (1002, [1, 1, 1000])])
    func edges(count: Int, sizes: [Int]) throws {
        let versions = manyVersions(count)
        let rig = try DeleterRig(try LoopbackBucket(versions))
        #expect(try rig.run(versions).deleted == count)
        let asked = rig.bucket.deletions.map { LoopbackBucket.asked($0).count }
        #expect(asked.sorted() == sizes)
    }

    @Test("nothing to delete asks for nothing")
    func nothing() throws {
        let rig = try DeleterRig(try LoopbackBucket(manyVersions(1)))
        let result = try rig.run([])
        #expect(result.exitCode == .done && result.sentence.hasPrefix("deleted 0 of 0 versions"))
        #expect(rig.bucket.server.requests.isEmpty)
    }

    @Test("each request is verbose, has its checksum, and never bypasses retention")
    func requests() throws {
        let versions = manyVersions(1300) + [version("bell\u{7}", "v1")]
        let rig = try DeleterRig(try LoopbackBucket(versions))
        #expect(try rig.run(versions).deleted == 1301)
        #expect(rig.bucket.deletions.count == 4)
        for request in rig.bucket.deletions {
            #expect(!request.headers.contains { $0.name.lowercased().contains("bypass") })
            guard request.method == "POST" else { continue }
            #expect(request["content-md5"] == Base64.encode(Digest.hash(request.body, .md5)))
            let tree = try XMLTree(request.body)
            #expect(tree["Quiet"]?.text == "false")
        }
    }

    @Test("long keys make smaller requests: no server need read more than 1 MiB of them")
    func longKeys() throws {
        // Escaped, an ampersand takes five bytes.
        let versions = (0..<900).map {
            version(String(repeating: "&", count: 400) + String(format: "%03d", $0), "v\($0)")
        }
        let rig = try DeleterRig(try LoopbackBucket(versions))
        #expect(try rig.run(versions).deleted == 900)
        let sizes = rig.bucket.deletions.map(\.body.count)
        #expect(sizes.count == 3 && sizes.allSatisfy { $0 <= 1 << 20 }, "\(sizes)")
        #expect(sizes.contains { $0 > 900_000 }, "\(sizes)")
    }

    @Test("keys that XML cannot carry go singly, exactly as they are")
    func singles() throws {
        let singles = [
            version("a\u{1}b", "v/+="), version("é\u{7F}\u{1B}[31m", "v2"),
            version("x\u{FFFF}?versionId=v9&#", "v3"), version("\u{0}../%2e./\u{8}", "v4"),
        ]
        let others = [version("a b+c%20d\r\n\t", "v5"), version("💾/é&<>\"'", "v6")]
        let neighbour = version("a\u{1}b", "v1")
        let rig = try DeleterRig(try LoopbackBucket(singles + others + [neighbour]))
        #expect(try rig.run(singles + others).deleted == 6)
        #expect(rig.bucket.present == [neighbour])
        let alone = rig.bucket.deletions.filter { $0.method == "DELETE" }.map(\.target)
        #expect(
            Set(alone) == [
                "/bkt/a%01b?versionId=v%2F%2B%3D", "/bkt/%C3%A9%7F%1B%5B31m?versionId=v2",
                "/bkt/x%EF%BF%BF%3FversionId%3Dv9%26%23?versionId=v3",
                "/bkt/%00../%252e./%08?versionId=v4",
            ])
    }

    @Test("where only such keys are left the first of them goes alone")
    func onlySingles() throws {
        let versions = (0..<120).map { version("k\u{1}" + String(format: "%03d", $0), "v\($0)") }
        let rig = try DeleterRig(try LoopbackBucket(versions))
        #expect(try rig.run(versions).deleted == 120)
        #expect(rig.bucket.deletions.count == 120)
        #expect(rig.bucket.present.isEmpty)
    }

    @Test("many versions of one key go like those of many keys")
    func oneKey() throws {
        let versions = (0..<2300).map { version("k", "v\($0)") }
        let rig = try DeleterRig(try LoopbackBucket(versions))
        #expect(try rig.run(versions).deleted == 2300)
        #expect(rig.bucket.deletions.count == 4)
    }

    @Test("a stop before the first request deletes nothing, and says that it was stopped")
    func stopped() throws {
        let versions = manyVersions(10)
        let rig = try DeleterRig(try LoopbackBucket(versions))
        let result = try rig.run(versions) { true }
        #expect(result.deleted == 0 && result.untried == 10)
        #expect(result.exitCode == .interrupted)
        #expect(rig.bucket.server.requests.isEmpty)
    }

    @Test("a stop lets what is in flight end and begins nothing more")
    func stoppedWithin() throws {
        let versions = manyVersions(5001)
        let stop = Cancellation()
        let bucket = try LoopbackBucket(versions) { number, _, effect in
            if number == 2 { stop.cancel() }
            return effect()
        }
        let rig = try DeleterRig(bucket)
        let result = try rig.run(versions, concurrency: 1) { stop.isCancelled }
        #expect(result.deleted == 2001 && result.untried == 3000)
        #expect(bucket.present.count == 3000 && bucket.deletions.count == 3)
        #expect(result.exitCode == .partial)
    }

    @Test("a stop that comes with the last batch has stopped nothing")
    func stoppedAtTheEnd() throws {
        let versions = manyVersions(1001)
        let stop = Cancellation()
        let bucket = try LoopbackBucket(versions) { number, _, effect in
            if number == 1 { stop.cancel() }
            return effect()
        }
        let result = try DeleterRig(bucket).run(versions, concurrency: 1) { stop.isCancelled }
        #expect(result.deleted == 1001 && result.stop == nil && result.exitCode == .done)
    }

    @Test(
        "after a stop nothing is asked for again, be it a batch, a single one or a whole request",
        arguments: ["batch", "single", "request"])
    func stoppedInBackOff(what: String) throws {
        let versions =
            what == "single" ? [version("k\u{1}", "v0")] : manyVersions(3)
        let stop = Cancellation()
        let bucket = try LoopbackBucket(
            versions,
            deletion: { _, _, effect in
                what == "request" ? .error(500, "InternalError") : effect()
            }, refuse: { _, _ in ("InternalError", "later") })
        let rig = try DeleterRig(bucket, endOfRetries: stop) { stop.cancel() }
        let result = try rig.run(versions, concurrency: 1) { stop.isCancelled }
        #expect(bucket.deletions.count == 1)
        // A single deletion that was refused in passing had no effect, so it counts as not tried.
        #expect(result.deleted == 0 && result.failed == (what == "single" ? 0 : 1))
        #expect(result.failed + result.untried == versions.count)
    }

    @Test("what an abandoned request did is unknown")
    func abandoned() throws {
        let versions = manyVersions(1500)
        let abandon = Cancellation()
        let bucket = try LoopbackBucket(versions) { number, _, effect in
            guard number == 1 else { return effect() }
            abandon.cancel()
            var reply = effect()
            reply.course = .stall
            return reply
        }
        let rig = try DeleterRig(bucket, cancellation: abandon)
        let result = try rig.run(versions, concurrency: 1) { abandon.isCancelled }
        #expect(result.deleted == 1 && result.unknown == 1000 && result.untried == 499)
        #expect(result.exitCode == .unknown)
        #expect(rig.remainders.count == 1000)
    }
}

@Suite("the number of deletions in flight")
struct PaceTests {
    @Test("is halved when the server asks for less and grows back one by one")
    func halves() {
        var pace = Pace(most: 8)
        #expect(pace.limit == 8)
        pace.throttled()
        #expect(pace.limit == 4)
        for _ in 0..<3 { pace.throttled() }
        #expect(pace.limit == 1)
        pace.throttled()
        #expect(pace.limit == 1)
        pace.succeeded()
        #expect(pace.limit == 2)
        pace.succeeded()
        #expect(pace.limit == 2)
        pace.succeeded()
        pace.succeeded()
        #expect(pace.limit == 3)
        for _ in 0..<100 { pace.succeeded() }
        #expect(pace.limit == 8)
    }

    @Test("is at least one")
    func least() { #expect(Pace(most: 0).limit == 1) }

    @Test("begins no batch while more are in flight than the server takes")
    func room() throws {
        var work = DeletionWork(try spool(of: manyVersions(20_001)), concurrency: 8)
        #expect(work.begin() == 1)
        work.finish(1)
        for _ in 0..<8 { #expect(work.begin() == 1000) }
        #expect(work.begin() == nil)
        work.throttled()
        work.throttled()
        for _ in 0..<5 {
            work.fail()
            #expect(work.begin() == nil, "four more than the server takes are in flight")
        }
        work.fail()
        work.fail()
        #expect(work.begin() == 1000)
    }

    /// That fewer are in flight meanwhile is what a test of the program sees at its server.
    @Test(
        "leaves nothing out though answers ask to slow down",
        arguments: [true, false])
    func slowDown(isWhole: Bool) throws {
        let versions = manyVersions(8001)
        let asked = Cancellation()
        let bucket = try LoopbackBucket(
            versions,
            deletion: { number, _, effect in
                if isWhole, (1...4).contains(number) {
                    asked.cancel()
                    return .error(503, "SlowDown")
                }
                return effect()
            }, refuse: { _, time in isWhole || time > 0 ? nil : ("SlowDown", "slow down") })
        let rig = try DeleterRig(bucket)
        let result = try rig.run(versions)
        #expect(result.deleted == 8001 && result.exitCode == .done)
        #expect(bucket.present.isEmpty)
        #expect(asked.isCancelled == isWhole)
    }

    @Test(
        "waits for a server that wants fewer requests for as long as it may",
        arguments: [true, false], [true, false])
    func patience(isWhole: Bool, forgives: Bool) throws {
        let versions = manyVersions(2001)
        let bucket = try LoopbackBucket(
            versions,
            deletion: { number, _, effect in
                isWhole && (1...40).contains(number) ? .error(503, "SlowDown") : effect()
            },
            refuse: { version, time in
                !isWhole && version.id.description == "v7" && time < 40
                    ? ("SlowDown", "reduce your rate") : nil
            })
        let rig = try DeleterRig(bucket, forgivesThrottling: forgives)
        let result = try rig.run(versions, concurrency: 2)
        if forgives {
            #expect(result.deleted == 2001 && result.exitCode == .done)
        } else {
            #expect(result.deleted < 2001 && result.exitCode == .partial)
        }
    }

    @Test("what fails in another way is asked for five times, patience or not")
    func noPatience() throws {
        let versions = manyVersions(5)
        let rig = try DeleterRig(
            try LoopbackBucket(
                versions,
                refuse: { version, _ in
                    version.id.description == "v3" ? ("InternalError", "later") : nil
                }), forgivesThrottling: true)
        #expect(try rig.run(versions).failed == 1)
        #expect(rig.bucket.deletions.count == 2 + 4)
    }
}

extension DeletionWork {
    /// Takes the next batch, and gives its size.
    fileprivate mutating func begin() -> Int? {
        guard case .batch(let entries, _) = turn(isStopped: false) else { return nil }
        return entries.count
    }

    /// Ends a batch of so many, all of them deleted.
    fileprivate mutating func finish(_ count: Int) {
        var outcome = BatchOutcome(count: count)
        outcome.fates = Array(repeating: .deleted, count: count)
        end(Self.entries(count), outcome)
    }

    /// Ends a batch that left no word.
    fileprivate mutating func fail() {
        let refusal = DeletionFate.Refusal(code: "SlowDown", message: "")
        var outcome = BatchOutcome(count: 1)
        outcome.fates = [.retry(refusal)]
        end(Self.entries(1), outcome)
    }

    private static func entries(_ count: Int) -> [VersionSpool.Entry] {
        manyVersions(count).map { VersionSpool.Entry(version: $0, size: 10) }
    }
}

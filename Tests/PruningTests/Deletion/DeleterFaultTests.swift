import Console
import FaultServer
import Foundation
import Testing

@testable import Pruning
@testable import S3

@Suite("deletions that go wrong")
struct DeleterFaultTests {
    private static let locked = (
        "AccessDenied", "Access Denied because object protected by object lock."
    )

    @Test("what a lock protects is reported as protected, and the rest is deleted")
    func locks() throws {
        let versions = manyVersions(1500)
        let bucket = try LoopbackBucket(
            versions,
            refuse: { version, _ in version.key.last == UInt8(ascii: "7") ? Self.locked : nil })
        let rig = try DeleterRig(bucket)
        let result = try rig.run(versions)
        #expect(result.deleted == 1350 && result.protected == 150 && result.denied == 0)
        #expect(result.stop == nil && result.exitCode == .partial)
        #expect(bucket.present.count == 150)
        #expect(rig.remainders.allSatisfy { $0.outcome.word == "protected" })
        #expect(Set(rig.remainders.map(\.version)) == Set(bucket.present))
        #expect(result.sentence.hasSuffix("; 150 protected"))
    }

    @Test("a lock on the very first version stops nothing")
    func firstIsLocked() throws {
        let versions = manyVersions(3)
        let bucket = try LoopbackBucket(
            versions, refuse: { version, _ in version.id.description == "v0" ? Self.locked : nil })
        let rig = try DeleterRig(bucket)
        let result = try rig.run(versions)
        #expect(result.deleted == 2 && result.protected == 1)
        #expect(rig.words == ["k00000 v0 protected"])
    }

    @Test("all protected is partial, not done")
    func allLocked() throws {
        let versions = manyVersions(3)
        let rig = try DeleterRig(try LoopbackBucket(versions, refuse: { _, _ in Self.locked }))
        let result = try rig.run(versions)
        #expect(result.deleted == 0 && result.protected == 3 && result.exitCode == .partial)
    }

    @Test("only what failed in passing is asked for again")
    func retries() throws {
        let versions = manyVersions(1001)
        let bucket = try LoopbackBucket(
            versions,
            refuse: { version, time in
                version.id.description == "v500" && time < 3 ? ("InternalError", "later") : nil
            })
        let rig = try DeleterRig(bucket)
        let result = try rig.run(versions)
        #expect(result.deleted == 1001 && result.exitCode == .done)
        let asked = bucket.deletions.map(LoopbackBucket.asked)
        #expect(asked.map(\.count) == [1, 1000, 1, 1, 1])
        #expect(asked.dropFirst(2).allSatisfy { $0 == [versions[500]] })
        #expect(rig.waits.count == 3)
    }

    @Test("what fails for ever is given up and reported")
    func failsForEver() throws {
        let versions = manyVersions(5)
        let bucket = try LoopbackBucket(
            versions,
            refuse: { version, _ in
                version.id.description == "v3" ? ("InternalError", "later") : nil
            })
        let rig = try DeleterRig(bucket)
        let result = try rig.run(versions)
        #expect(result.deleted == 4 && result.failed == 1 && result.exitCode == .partial)
        #expect(rig.words == ["k00003 v3 failed"])
        #expect(bucket.deletions.count == 2 + 4)
    }

    /// Ways in which an answer is lost after the request had its effect.
    static let losses: [(name: String, course: FaultServer.Reply.Course)] = [
        ("closed", .noAnswer), ("reset", .resetWithoutAnswer), ("cut", .cut(after: 40)),
        ("reset within", .reset(after: 40)), ("head cut", .cutHead(after: 20)),
    ]

    @Test("a deletion whose answer is lost is counted once", arguments: losses)
    func lostAnswer(loss: (name: String, course: FaultServer.Reply.Course)) throws {
        let versions = manyVersions(2001)
        let bucket = try LoopbackBucket(versions) { number, _, effect in
            var reply = effect()
            if number == 1 || number == 0 { reply.course = loss.course }
            return reply
        }
        let rig = try DeleterRig(bucket)
        let result = try rig.run(versions)
        #expect(result.deleted == 2001 && result.bytesDeleted == 20_010)
        #expect(result.exitCode == .done && bucket.present.isEmpty)
        #expect(bucket.deletions.count == 5)
    }

    @Test("an error that may have had its effect, then success, is counted once")
    func lateSuccess() throws {
        let versions = manyVersions(3)
        let bucket = try LoopbackBucket(versions) { number, _, effect in
            let reply = effect()
            return number == 0 ? .error(500, "InternalError") : reply
        }
        let result = try DeleterRig(bucket).run(versions)
        #expect(result.deleted == 3 && result.exitCode == .done)
    }

    @Test("what an answer does not mention is looked up before anything is said of it")
    func omitted() throws {
        let versions = manyVersions(6) + [version("k00005", "x"), version("k00005", "y")]
        let kept = [versions[2], versions[6]]
        let gone = [versions[3], versions[7]]
        let bucket = try LoopbackBucket(versions + [version("k000020", "v2")]) {
            _, request, effect in
            let asked = LoopbackBucket.asked(request)
            let answered = asked.filter { !kept.contains($0) && !gone.contains($0) }
            guard answered.count < asked.count else { return effect() }
            return LoopbackBucket.result(LoopbackBucket.deleted(answered))
        } listing: { _, _, effect in
            effect()
        }
        // The answer was wrong, the deletions of `gone` happened.
        bucket.remove(gone + versions.filter { !kept.contains($0) })
        let rig = try DeleterRig(bucket)
        let result = try rig.run(versions)
        #expect(result.deleted == 6 && result.failed == 2 && result.unknown == 0)
        #expect(rig.words == ["k00002 v2 failed", "k00005 x failed"])
        #expect(result.exitCode == .partial)
        #expect(bucket.listings.count == 3)
    }

    @Test("keys that XML cannot carry are looked up by what it can carry of them")
    func omittedSingles() throws {
        let versions = [version("a", "v1"), version("a\u{1}b", "v1"), version("é\u{7F}", "v1")]
        let neighbours = [version("a\u{1}a", "v1"), version("a\u{1}c", "v9")]
        let bucket = try LoopbackBucket(versions + neighbours) { number, request, effect in
            if request.method == "POST" { return effect() }
            // It does not say what it did, and did it for the first only.
            if request.path.contains("%01") { _ = effect() }
            return .init(204)
        } listing: { _, request, effect in
            request.target.contains("%01") || request.target.contains("%7F")
                ? .init(text: "<ListVersionsResult><Prefix>\u{1}</Prefix>") : effect()
        }
        let rig = try DeleterRig(bucket)
        let result = try rig.run(versions)
        #expect(result.deleted == 2 && result.failed == 1 && result.unknown == 0)
        #expect(rig.words == ["é\u{7F} v1 failed"])
    }

    @Test("what cannot be looked up is unknown, and the listing is not asked for again and again")
    func unknown() throws {
        let versions = manyVersions(1000)
        let bucket = try LoopbackBucket(versions) { number, _, effect in
            number == 0 ? effect() : LoopbackBucket.result("")
        } listing: { _, _, _ in
            .error(500, "InternalError")
        }
        let rig = try DeleterRig(bucket)
        let result = try rig.run(versions)
        #expect(result.deleted == 1 && result.unknown == 999 && result.exitCode == .unknown)
        #expect(rig.remainders.count == 999)
        #expect(rig.remainders.allSatisfy { $0.outcome == .unknown })
        #expect(bucket.listings.count <= 5, "one request with its attempts")
    }

    @Test("a server that ignores version ids is stopped after its first answer")
    func markers() throws {
        let versions = manyVersions(3000)
        let bucket = try LoopbackBucket(versions) { _, request, _ in
            let marks = LoopbackBucket.asked(request).map { version in
                let key = String(decoding: version.key, as: UTF8.self)
                return "<Deleted><Key>\(key)</Key><DeleteMarker>true</DeleteMarker>"
                    + "<DeleteMarkerVersionId>m</DeleteMarkerVersionId></Deleted>"
            }
            return LoopbackBucket.result(marks.joined())
        }
        let rig = try DeleterRig(bucket)
        let result = try rig.run(versions)
        #expect(bucket.deletions.count == 1)
        #expect(LoopbackBucket.asked(bucket.deletions[0]) == [versions[0]])
        #expect(result.deleted == 0 && result.failed == 1 && result.untried == 2999)
        #expect(result.exitCode == .failed)
        #expect(result.stop?.sentence.contains("ignored the version id") == true)
    }

    @Test("so is one that ignores them in single deletions")
    func markersOfSingles() throws {
        let versions = (0..<100).map { version("k\u{1}\($0 + 100)", "v\($0)") }
        let bucket = try LoopbackBucket(versions) { _, _, _ in
            .init(204, headers: [("x-amz-delete-marker", "true"), ("x-amz-version-id", "m")])
        }
        let result = try DeleterRig(bucket).run(versions)
        #expect(bucket.deletions.count == 1)
        #expect(result.deleted == 0 && result.stop != nil)
    }

    @Test(
        "a server that says nothing of its first deletion must have done it, or is asked no more",
        arguments: [true, false])
    func silent(isDone: Bool) throws {
        let versions = manyVersions(30)
        let bucket = try LoopbackBucket(versions) { _, request, effect in
            if request.method == "POST" { return .error(403, "AccessDenied") }
            if isDone { _ = effect() }
            return .init(204)
        }
        let result = try DeleterRig(bucket).run(versions)
        if isDone {
            #expect(result.deleted == 30 && result.exitCode == .done)
        } else {
            #expect(bucket.deletions.count == 2)
            #expect(result.deleted == 0 && result.failed == 1 && result.untried == 29)
            #expect(result.stop?.isOfServer == true && result.exitCode == .failed)
        }
    }

    @Test("errors for ever end the run as temporary, and nothing is claimed")
    func errorsForEver() throws {
        let versions = manyVersions(4000)
        let bucket = try LoopbackBucket(versions) { _, _, _ in .error(500, "InternalError") }
        let rig = try DeleterRig(bucket)
        let result = try rig.run(versions)
        #expect(result.deleted == 0 && result.unknown == 0)
        #expect(result.failed == 1 && result.untried == 3999)
        #expect(result.exitCode == .temporary)
        #expect(bucket.deletions.count == 5)
    }

    @Test("a connection that breaks for ever leaves what was in flight unknown")
    func brokenForEver() throws {
        let versions = manyVersions(4001)
        let bucket = try LoopbackBucket(versions) { number, _, effect in
            var reply = effect()
            if number > 0 { reply.course = .resetWithoutAnswer }
            return reply
        } listing: { _, _, _ in
            .init(course: .resetWithoutAnswer)
        }
        let rig = try DeleterRig(bucket)
        let result = try rig.run(versions, concurrency: 1)
        #expect(result.deleted == 1 && result.unknown == 1000 && result.untried == 3000)
        #expect(result.exitCode == .unknown)
    }

    @Test("credentials that end in the middle stop the run with honest numbers")
    func expiredToken() throws {
        let versions = manyVersions(6001)
        let bucket = try LoopbackBucket(versions) { number, _, effect in
            number > 2 ? .error(400, "ExpiredToken") : effect()
        }
        let rig = try DeleterRig(bucket)
        let result = try rig.run(versions)
        #expect(result.deleted == 2001 && result.untried == 4000)
        #expect(bucket.present.count == 4000)
        #expect(result.exitCode == .partial)
        #expect(result.stop?.sentence.contains("ExpiredToken") == true)
        // At most four in flight, each tried once more by a single deletion.
        #expect(bucket.deletions.count <= 3 + 8)
    }

    @Test("a bucket that goes away in the middle ends the run with honest numbers")
    func bucketGone() throws {
        let versions = manyVersions(3001)
        let bucket = try LoopbackBucket(versions) { number, _, effect in
            number > 1 ? .error(404, "NoSuchBucket") : effect()
        } listing: { _, _, _ in
            .error(404, "NoSuchBucket")
        }
        let rig = try DeleterRig(bucket)
        let result = try rig.run(versions)
        #expect(result.deleted == 1001 && result.untried == 2000 && result.unknown == 0)
        #expect(result.exitCode == .partial)
    }

    @Test("what failed in passing and then got no answer that counts is still accounted for")
    func retryThenRefused() throws {
        let versions = manyVersions(11)
        let bucket = try LoopbackBucket(
            versions,
            deletion: { number, _, effect in
                number > 1 ? .error(400, "ExpiredToken") : effect()
            },
            refuse: { version, _ in
                version.id.description == "v4" ? ("InternalError", "later") : nil
            })
        let rig = try DeleterRig(bucket)
        let result = try rig.run(versions)
        #expect(result.deleted == 10 && result.failed == 1 && result.untried == 0)
        #expect(rig.words == ["k00004 v4 failed"])
        #expect(result.exitCode == .partial)
    }
}

import Console
import FaultServer
import Foundation
import Testing

@testable import Pruning
@testable import S3

/// Answers that say success and cannot be believed: whether the request had its effect is looked up.
@Suite("answers to deletions that nobody can read")
struct UnbelievedAnswerTests {
    struct Body: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var text: String
    }

    static let bodies: [Body] = [
        Body(testDescription: "HTML", text: "<html/>"),
        Body(testDescription: "nothing", text: ""),
        Body(testDescription: "another document", text: "<ListVersionsResult/>"),
        Body(testDescription: "a cut document", text: "<DeleteResult><Deleted>"),
        Body(
            testDescription: "another version",
            text: "<DeleteResult><Deleted><Key>k00000</Key><VersionId>v9</VersionId></Deleted>"
                + "</DeleteResult>"),
        Body(
            testDescription: "more than any answer holds",
            text: "<DeleteResult>" + String(repeating: " ", count: (16 << 20) + 1)
                + "</DeleteResult>"),
    ]

    @Test(
        "what was done all the same is found out by listing", arguments: bodies, [true, false])
    func isLookedUp(body: Body, isDone: Bool) throws {
        let versions = manyVersions(2001)
        let bucket = try LoopbackBucket(versions) { _, _, effect in
            if isDone { _ = effect() }
            return .init(text: body.text)
        }
        let rig = try DeleterRig(bucket)
        let result = try rig.run(versions)
        #expect(result.deleted == (isDone ? 1 : 0) && result.failed == (isDone ? 0 : 1))
        #expect(result.unknown == 0 && result.untried == 2000)
        #expect(result.stop != nil && bucket.listings.count == 1)
        #expect(result.deleted == 2001 - bucket.present.count)
        #expect(bucket.deletions.count <= 5)
        #expect(isDone ? result.exitCode == .partial : result.exitCode != .done)
    }

    @Test("where it cannot be listed either it is unknown", arguments: bodies)
    func isUnknown(body: Body) throws {
        let versions = manyVersions(5)
        let bucket = try LoopbackBucket(versions) { _, _, effect in
            _ = effect()
            return .init(text: body.text)
        } listing: { _, _, _ in
            .error(403, "AccessDenied")
        }
        let rig = try DeleterRig(bucket)
        let result = try rig.run(versions)
        #expect(result.deleted == 0 && result.unknown == 1 && result.untried == 4)
        #expect(result.exitCode == .unknown && rig.words == ["k00000 v0 unknown"])
    }

    @Test("an answer that is longer than other documents may be, by its spaces say, is read")
    func longAnswer() throws {
        let versions = manyVersions(1001)
        let spaces = String(repeating: " ", count: XMLTree.maximumBytes)
        let answer = LoopbackBucket.result(LoopbackBucket.deleted(versions.dropFirst()) + spaces)
        let bucket = try LoopbackBucket(versions) { number, _, effect in
            number == 0 ? effect() : answer
        }
        let result = try DeleterRig(bucket).run(versions)
        #expect(result.deleted == 1001 && result.exitCode == .done)
        #expect(bucket.deletions.count == 2 && bucket.listings.isEmpty)
    }
}

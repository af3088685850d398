import Console
import FaultServer
import Foundation
import Testing

@testable import Pruning
@testable import S3

@Suite("deletions without the right to delete")
struct DenialTests {
    @Test("a thousand denials that came after the first end the run")
    func stops() throws {
        let versions = manyVersions(20_001)
        let bucket = try LoopbackBucket(
            versions, refuse: { _, _ in ("AccessDenied", "Access Denied") })
        let rig = try DeleterRig(bucket)
        let result = try rig.run(versions)
        // The first alone, then as many as were in flight.
        #expect((2...5).contains(bucket.deletions.count))
        #expect(result.deleted == 0 && result.untried >= 16_000)
        #expect(result.denied + result.untried == 20_001)
        #expect(result.exitCode == .permission && rig.remainders.count == result.denied)
        #expect(result.stop?.sentence.contains("may not delete versions") == true)
    }

    @Test("so do a few of those that are deleted one by one")
    func stopsSingles() throws {
        let versions = (0..<500).map { version("k\u{1}" + String(format: "%03d", $0), "v\($0)") }
        let bucket = try LoopbackBucket(
            versions, refuse: { _, _ in ("AccessDenied", "Access Denied") })
        let result = try DeleterRig(bucket).run(versions, concurrency: 1)
        #expect(bucket.deletions.count == 11)
        #expect(result.denied == 11 && result.untried == 489)
        #expect(result.exitCode == .permission && result.stop != nil)
    }

    @Test("one deletion among them, or a lock, lets the run go on", arguments: [true, false])
    func goesOn(isLock: Bool) throws {
        let versions = manyVersions(3001)
        let bucket = try LoopbackBucket(
            versions,
            refuse: { version, _ in
                if version.id.description == "v700" {
                    return isLock ? ("AccessDenied", "object protected by object lock") : nil
                }
                return ("AccessDenied", "Access Denied")
            })
        let result = try DeleterRig(bucket).run(versions, concurrency: 1)
        #expect(result.denied == 3000 && result.untried == 0 && result.stop == nil)
        #expect(result.deleted == (isLock ? 0 : 1) && result.exitCode == .partial)
    }

    @Test("denials of the last batch have ended nothing early")
    func lastBatch() throws {
        let versions = manyVersions(801)
        let bucket = try LoopbackBucket(
            versions, refuse: { _, _ in ("AccessDenied", "Access Denied") })
        let result = try DeleterRig(bucket).run(versions)
        #expect(result.denied == 801 && result.stop == nil && result.exitCode == .permission)
    }

    @Test("what was refused is kept in little memory, word for word and in order")
    func remainders() throws {
        let spool = RemainderSpool()
        let message = String(repeating: "é", count: 1000)
        let versions = manyVersions(5000)
        for version in versions {
            try spool.append(version, .init(code: "Code", message: message))
        }
        var found: [ObjectVersion] = []
        try spool.forEach { remainder in
            found.append(remainder.version)
            guard case .refused(let why) = remainder.outcome else { return }
            if why.code != "Code" || why.message != message { found.removeLast() }
        }
        #expect(found == versions)
    }

    @Test(
        "what fails in passing for every version is temporary, and with another reason is not",
        arguments: [("InternalError", ExitCode.temporary), ("MalformedXML", .failed)])
    func passing(code: String, ends: ExitCode) throws {
        let versions = manyVersions(3)
        let bucket = try LoopbackBucket(
            versions,
            refuse: { version, _ in
                (version.id.description == "v2" ? code : "SlowDown", "later")
            })
        let result = try DeleterRig(bucket).run(versions)
        #expect(result.failed == 3 && result.deleted == 0 && result.exitCode == ends)
        #expect(result.failedInPassing == (ends == .temporary ? 3 : 2))
    }

    @Test("a refused batch is worth one try by a single deletion, and no more")
    func denied() throws {
        let versions = manyVersions(5000)
        let bucket = try LoopbackBucket(versions) { _, _, _ in .error(403, "AccessDenied") }
        let rig = try DeleterRig(bucket)
        let result = try rig.run(versions)
        #expect(bucket.deletions.map(\.method) == ["POST", "DELETE"])
        #expect(result.deleted == 0 && result.denied == 1 && result.untried == 4999)
        #expect(result.exitCode == .permission)
        #expect(result.stop?.sentence.contains("may not delete") == true)
    }

    @Test(
        "credentials or a bucket that are no good end the run after two requests",
        arguments: [
            (403, "InvalidAccessKeyId"), (403, "SignatureDoesNotMatch"), (400, "ExpiredToken"),
            (404, "NoSuchBucket"), (405, "MethodNotAllowed"), (501, "NotImplemented"),
        ])
    func refused(status: Int, code: String) throws {
        let versions = manyVersions(5000)
        let bucket = try LoopbackBucket(versions) { _, _, _ in .error(status, code) }
        let rig = try DeleterRig(bucket)
        let result = try rig.run(versions)
        #expect(bucket.deletions.count == 2)
        #expect(result.deleted == 0 && result.stop != nil)
        #expect(result.untried >= 4999 && result.untried + result.failed == 5000)
        #expect(
            result.exitCode == (status == 403 || code == "ExpiredToken" ? .permission : .failed))
    }

    @Test("a server that refuses batches is asked for each version alone")
    func batchesDenied() throws {
        let versions = manyVersions(230)
        let bucket = try LoopbackBucket(versions) { _, request, effect in
            request.method == "POST" ? .error(403, "AccessDenied") : effect()
        }
        let rig = try DeleterRig(bucket)
        let result = try rig.run(versions)
        #expect(result.deleted == 230 && result.exitCode == .done && bucket.present.isEmpty)
        #expect(bucket.deletions.count { $0.method == "POST" } == 1)
    }

    @Test(
        "a lock that only a single deletion is told of is protected",
        arguments: ["", "AccessDenied"])
    func wordlessLocks(message: String) throws {
        let versions = manyVersions(300)
        let bucket = try LoopbackBucket(
            versions,
            deletion: { _, request, effect in
                request.method == "DELETE"
                    ? .error(403, "AccessDenied", message: "forbidden by object lock") : effect()
            },
            refuse: { version, _ in
                version.key.last == UInt8(ascii: "7") ? ("AccessDenied", message) : nil
            })
        let result = try DeleterRig(bucket).run(versions)
        #expect(result.deleted == 270 && result.protected == 30 && result.denied == 0)
        #expect(bucket.deletions.count == 2 + 30)
    }

    @Test("a denial without a word is asked about once a batch")
    func wordlessDenials() throws {
        let versions = manyVersions(1001)
        let bucket = try LoopbackBucket(versions, refuse: { _, _ in ("AccessDenied", "") })
        let result = try DeleterRig(bucket).run(versions)
        #expect(result.denied == 1001 && result.exitCode == .permission)
        #expect(bucket.deletions.count == 4)
    }

    @Test("a right that is missing for each version is denied, not protected")
    func deniedEach() throws {
        let versions = manyVersions(4)
        let bucket = try LoopbackBucket(
            versions, refuse: { _, _ in ("AccessDenied", "Access Denied") })
        let rig = try DeleterRig(bucket)
        let result = try rig.run(versions)
        #expect(result.denied == 4 && result.protected == 0 && result.exitCode == .permission)
        #expect(result.sentence.hasSuffix("; 4 denied"))
    }
}

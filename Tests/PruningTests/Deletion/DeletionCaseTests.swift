import Console
import FaultServer
import Foundation
import Testing

@testable import Pruning
@testable import S3

extension DeletionCase {
    var retried: [ObjectVersion] { (result?.retry ?? []).map { version($0[0], $0[1]) } }
    var versions: [ObjectVersion] { request.objects.map { version($0[0], $0[1]) } }
}

@Suite("each answer to a batch of deletions")
struct DeletionCaseTests {
    /// Every answer comes to a batch of several, after a first request that went well.
    @Test(
        "an answer is counted for what it says, and no more",
        arguments: DeletionCase.all.filter { !$0.request.quiet })
    func answer(_ answer: DeletionCase) throws {
        let versions = [version("A", "0")] + answer.versions
        let bucket = try LoopbackBucket(versions) { number, request, effect in
            guard number > 0 else { return effect() }
            let asked = LoopbackBucket.asked(request)
            if asked == answer.versions { return .init(answer.status, answer.body) }
            // What failed in passing is asked for again, and alone.
            let isRetried = !asked.isEmpty && asked == answer.retried
            return isRetried ? effect() : .error(403, "AccessDenied")
        }
        let rig = try DeleterRig(bucket)
        let result = try rig.run(versions, concurrency: 1)
        // What an answer leaves open is still there in this bucket, and a listing shows it.
        let deleted = (answer.result?.deleted.count ?? 0) + answer.retried.count
        #expect(result.deleted == 1 + deleted)
        #expect(answer.outcome != "retry" || !answer.retried.isEmpty)
        if !answer.retried.isEmpty {
            let asked = bucket.deletions.map(LoopbackBucket.asked)
            #expect(asked == [[versions[0]], answer.versions, answer.retried])
            #expect(result.deleted == versions.count && result.exitCode == .done)
            #expect(rig.waits.count == 1)
        }
        #expect(result.unknown == 0)
        if answer.outcome == "stop" || answer.outcome == "fail" {
            #expect(result.stop != nil)
            #expect(result.deleted < versions.count)
        }
        if answer.outcome == "ok" { #expect(result.stop == nil && bucket.listings.isEmpty) }
        if answer.outcome == "unknown" { #expect(!bucket.listings.isEmpty) }
        #expect(result.planned == versions.count)
    }
}

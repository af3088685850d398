import CivilTime
import Foundation
import PolicyFile
import Properties
import Pruning
import Retention
import S3

/// A bucket that several runs of the pruner list and delete from at the same time, while versions
/// arrive: one interleaving of their steps, drawn from a seed.
///
/// A step is a page of a listing, a batch of deletions, a crash, an upload, or the clock's.
struct Race {
    struct Stored: Equatable {
        var key: String
        var number: Int
        var modified: Timestamp
        var size: Int64
        var isMarker: Bool
    }

    /// A run: first the pages of a listing, then the batches of its plan.
    private struct Pruner {
        var now: Timestamp?
        var pages: [VersionPage] = []
        var keysLeft: [String]
        var planned: [Int]?
        var isOver = false
    }

    /// The versions in the bucket, newest first for each key.
    private(set) var bucket: [Stored] = []
    /// Every version that there ever was, in the same order.
    private(set) var all: [Stored] = []
    /// The latest moment for which a run planned.
    private(set) var lastPlanned: Timestamp?
    private(set) var now = Timestamp(rfc3339: "2026-10-24T22:30:00Z")!
    let policy: Policy

    private static let keys = ["a", "b", "c"]
    private var random: SeededRandom
    private var pruners: [Pruner]
    private var uploads = 0

    init(seed: UInt64) throws {
        random = SeededRandom(seed: seed)
        policy = try Self.policy(&random)
        pruners = []
        let begin = now
        let span = Int64([40_000, 900_000, 20_000_000].randomElement(using: &random)!)
        let ages = (0..<Int.random(in: 2...14, using: &random)).map { _ in
            Int64.random(in: 0...span, using: &random)
        }
        for age in ages.sorted(by: >) {
            now = begin.advanced(bySeconds: -age)
            upload()
        }
        now = begin
        for _ in 0..<Int.random(in: 2...3, using: &random) {
            pruners.append(Pruner(keysLeft: Self.keys))
        }
    }

    private static func policy(_ random: inout SeededRandom) throws -> Policy {
        var keep: [String] = []
        let names = ["last", "hourly", "daily", "weekly", "monthly", "quarterly", "yearly"]
        for name in names where random.chance(35) {
            keep.append("\(name): \(Int.random(in: 1...3, using: &random))")
        }
        if keep.isEmpty || random.chance(20) { keep.append("within: 30h") }
        let pick = ["first", "last", "both"].randomElement(using: &random)!
        // Of whichever key that upload is.
        let pinned = random.chance(30) ? Int.random(in: 1...14, using: &random) : 0
        let pins = keys.map { "{ key: \($0), version-id: \"\(pinned)\", why: x }" }
        let text = """
            version: 1
            bucket: bucket
            timezone: Europe/Berlin
            pick: \(pick)
            min-age: \(random.chance(50) ? "0" : "1d")
            min-versions: \(Int.random(in: 1...2, using: &random))
            keep-oldest: \(random.chance(50))
            keep: { \(keep.joined(separator: ", ")) }
            health: { min-size: \(random.chance(50) ? "500B" : "0") }
            limits: { max-delete: 100% }
            pins: [\(pinned == 0 ? "" : pins.joined(separator: ", "))]
            """
        return try Policy.load(bytes: Array(text.utf8), path: "p.yaml").policy
    }

    /// Lets every run go to its end, or crash.
    mutating func finish() throws {
        while let next = pruners.indices.filter({ !pruners[$0].isOver })
            .randomElement(using: &random)
        {
            if random.chance(25) {
                let step: Int64 = [1, 60, 4_000, 90_000].randomElement(using: &random)!
                now = now.advanced(bySeconds: step)
            }
            if random.chance(15) { upload() }
            try step(next)
        }
        now = now.advanced(bySeconds: 1)
    }

    private mutating func upload() {
        uploads += 1
        let isMarker = random.chance(10)
        let key = Self.keys.randomElement(using: &random)!
        var size: Int64 = isMarker ? 0 : [10, 1_000].randomElement(using: &random)!
        // One that was too small, and is gone, would share the slot of a large one of its instant
        // that comes after it.
        let twin = all.first { $0.key == key && $0.modified == now && !$0.isMarker }
        if let twin, !isMarker { size = twin.size }
        let stored = Stored(
            key: key, number: uploads, modified: now, size: size, isMarker: isMarker)
        bucket.insert(stored, at: bucket.firstIndex { $0.key >= stored.key } ?? bucket.count)
        all.insert(stored, at: all.firstIndex { $0.key >= stored.key } ?? all.count)
    }

    private mutating func step(_ index: Int) throws {
        var pruner = pruners[index]
        defer { pruners[index] = pruner }
        if let planned = pruner.planned {
            let batch = planned.prefix(Int.random(in: 1...3, using: &random))
            pruner.planned = Array(planned.dropFirst(batch.count))
            let isCrash = random.chance(10)
            // A crash may come before its last batch has an effect, after it, or within.
            for number in batch where !isCrash || random.chance(50) {
                bucket.removeAll { $0.number == number }
            }
            pruner.isOver = isCrash || pruner.planned!.isEmpty
        } else if pruner.keysLeft.isEmpty {
            lastPlanned = max(lastPlanned ?? pruner.now!, pruner.now!)
            pruner.planned = try deletions(pruner.pages, at: pruner.now!)
                .shuffled(using: &random)
            pruner.isOver = pruner.planned!.isEmpty
        } else {
            pruner.now = pruner.now ?? now
            let count = Int.random(in: 1...pruner.keysLeft.count, using: &random)
            let keys = Set(pruner.keysLeft.prefix(count))
            pruner.keysLeft.removeFirst(count)
            pruner.pages.append(try Self.page(bucket.filter { keys.contains($0.key) }))
            pruner.isOver = random.chance(3)
        }
    }

    /// The numbers of the versions that a plan at a moment lets go, of all that are in a list.
    func deletions(from versions: [Stored], at now: Timestamp) throws -> Set<Int> {
        Set(try deletions([Self.page(versions)], at: now))
    }

    private func deletions(_ pages: [VersionPage], at now: Timestamp) throws -> [Int] {
        let sink = DeletionSink()
        var source = Sample.Pages(pages: pages[...])
        _ = try PruneRun(policy: policy, sinks: [sink]).plan(&source) { _ in
            PlanHeader(
                bucket: "bucket", prefix: [], endpoint: nil, policy: "p.yaml", policySHA256: "",
                now: now, timezone: policy.timezone, calendar: policy.calendar, ruleNames: [""],
                isOffline: true)
        }
        return sink.numbers
    }

    private static func page(_ versions: [Stored]) throws -> VersionPage {
        var text = "<ListVersionsResult><Name>bucket</Name><IsTruncated>false</IsTruncated>"
        var previous: String?
        for version in versions {
            let name = version.isMarker ? "DeleteMarker" : "Version"
            text +=
                "<\(name)><Key>\(version.key)</Key><VersionId>\(version.number)</VersionId>"
                + "<IsLatest>\(version.key != previous)</IsLatest>"
                + "<LastModified>\(version.modified.rfc3339)</LastModified>"
                + (version.isMarker ? "" : "<ETag>\"e\"</ETag><Size>\(version.size)</Size>")
                + "</\(name)>"
            previous = version.key
        }
        return try VersionPageParser().parse(Array((text + "</ListVersionsResult>").utf8))
    }
}

/// Collects what a plan deletes.
private final class DeletionSink: PlanSink {
    private(set) var numbers: [Int] = []

    func begin(_ header: PlanHeader) throws {}

    func add(_ key: KeyPlan) throws {
        for index in 0..<key.versions.count where key.action(at: index) == .delete {
            let id = String(decoding: try key.versions.versionID(at: index), as: UTF8.self)
            numbers.append(Int(id)!)
        }
    }

    func add(_ problem: Problem) throws {}
    func end(_ summary: PlanSummary) throws {}
}

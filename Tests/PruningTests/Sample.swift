import CivilTime
import Console
import Foundation
import PolicyFile
import Pruning
import Retention
import S3

/// A small bucket and the plan of a policy for it, as every report is given it.
struct Sample {
    var now = Timestamp(rfc3339: "2026-06-30T12:00:00Z")!
    var policy = "keep: { daily: 2 }\nkeep-oldest: false\n"
    private var entries: [String] = []

    /// An empty bucket.
    init(policy: String? = nil) { if let policy { self.policy = policy } }

    /// Adds nightly versions of a key, the newest of 29 June, with ids `ID-0`, `ID-1`, …; the first is
    /// current unless the key is continued from another page.
    mutating func add(
        _ key: String, id: String? = nil, nights: Int, sizes: [Int] = [1000],
        isReversed: Bool = false, isContinued: Bool = false
    ) {
        for night in isReversed ? (0..<nights).reversed() : Array(0..<nights) {
            let time = now.advanced(bySeconds: Int64(-86_400 * (night + 1))).rfc3339
            entries.append(
                """
                <Version><Key>\(Self.encoded(key))</Key>\
                <VersionId>\(Self.encoded(id ?? "v"))-\(night)</VersionId>\
                <IsLatest>\(night == 0 && !isContinued)</IsLatest><LastModified>\(time)</LastModified>\
                <ETag>"e"</ETag><Size>\(sizes[min(night, sizes.count - 1)])</Size></Version>
                """)
        }
    }

    /// The bytes that a sink writes of the plan.
    func report(_ makeSink: (ByteWriter) -> any PlanSink) throws -> [UInt8] {
        let path = FileManager.default.temporaryDirectory
            .appending(path: "report-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let writer = try ByteWriter.file(path)
        _ = try plan([makeSink(writer)])
        try writer.finish()
        return Array(try Data(contentsOf: URL(filePath: path)))
    }

    /// Makes the plan.
    func plan(_ sinks: [any PlanSink]) throws -> PlanSummary {
        let policy = try loadedPolicy()
        var source = Pages(pages: [try page()])
        return try PruneRun(policy: policy, sinks: sinks).plan(&source) { _ in header(of: policy) }
    }

    /// The policy, with every guard off that it does not name.
    func loadedPolicy() throws -> Policy {
        let text = "version: 1\nbucket: bucket\nmin-age: 0\nmin-versions: 1\n" + policy
        return try Policy.load(bytes: Array(text.utf8), path: "p.yaml").policy
    }

    /// The header of a plan by that policy.
    func header(of policy: Policy) -> PlanHeader {
        PlanHeader(
            bucket: policy.bucket, prefix: policy.prefix, endpoint: nil, policy: "p.yaml",
            policySHA256: "0123", now: now, timezone: policy.timezone, calendar: policy.calendar,
            ruleNames: policy.rules.map { $0.rule.name ?? "" }, isOffline: true)
    }

    /// The page of the listing.
    func page() throws -> VersionPage {
        try VersionPageParser().parse(
            Array(
                """
                <ListVersionsResult><Name>bucket</Name><EncodingType>url</EncodingType>\
                <IsTruncated>false</IsTruncated>\(entries.joined())</ListVersionsResult>
                """.utf8))
    }

    /// Pages that are handed out one after the other.
    struct Pages: PageSource {
        var pages: ArraySlice<VersionPage>
        mutating func nextPage() -> VersionPage? { pages.popFirst() }
    }

    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte
                ? String(UnicodeScalar(byte)) : "%" + String(format: "%02X", byte)
        }.joined()
    }
}

internal import Retention
internal import S3

/// Collects what a plan deletes, to be deleted when the listing has ended and the plan was printed.
///
/// With a reviewed plan only what stands in both is collected.
public final class DeletionSpool: PlanSink {
    /// What is to be deleted.
    public let versions = VersionSpool()
    /// The number of versions of the reviewed plan that are not deleted: kept by now, or gone.
    public var spared: Int { reviewed.map { $0.deletions.count - versions.count } ?? 0 }
    /// The number of versions by the index of their rule.
    private(set) var countOfRule: [Int: Int] = [:]
    private let reviewed: ReviewedPlan?
    private var cursor: VersionSpool.Cursor?
    private var ahead: (key: [UInt8], entries: [VersionSpool.Entry])?

    /// A spool of all deletions, or of those that `reviewed` names too.
    public init(reviewed: ReviewedPlan? = nil) throws {
        self.reviewed = reviewed
        cursor = reviewed?.deletions.cursor()
        ahead = try cursor?.next()
    }

    /// Nothing to do at the start of a plan.
    public func begin(_ header: PlanHeader) throws {}

    /// Takes the versions of the key that expire.
    public func add(_ key: KeyPlan) throws {
        let planned = try reviewedIDs(of: key.key)
        var expired: [(id: VersionID, size: Int64)] = []
        for index in 0..<key.versions.count where key.action(at: index) == .delete {
            let version = key.versions.versions[index]
            let bytes = try key.versions.versionID(at: index)
            guard let id = VersionID(bytes), version.isMarker || !version.isLatest else {
                throw ListingError(
                    "a version that must stay was planned for deletion", key: key.key,
                    hint: "this is a defect of s3prune; nothing was deleted")
            }
            if planned?.contains(id) ?? true { expired.append((id, version.size)) }
        }
        if let rule = key.rule { countOfRule[rule, default: 0] += expired.count }
        try versions.append(key: key.key, expired)
    }

    /// Problems delete nothing.
    public func add(_ problem: Problem) throws {}

    /// Nothing to do at the end of a plan.
    public func end(_ summary: PlanSummary) throws {}

    /// The ids that the reviewed plan deletes of a key; `nil` without a reviewed plan.
    private func reviewedIDs(of key: [UInt8]) throws -> Set<VersionID>? {
        guard reviewed != nil else { return nil }
        while let next = ahead, next.key.lexicographicallyPrecedes(key) {
            ahead = try cursor?.next()
        }
        guard let next = ahead, next.key == key else { return [] }
        return Set(next.entries.map(\.version.id))
    }
}

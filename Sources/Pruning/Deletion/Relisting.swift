internal import S3

/// Finds out by listing whether versions are still there, a key at a time.
struct Relisting {
    private let client: Client
    private let bucket: String
    private var key: [UInt8]?
    /// The ids of the key; `nil` where the listing failed.
    private var ids: Set<VersionID>?
    /// Whether a listing failed, with all its attempts: none is asked for after it.
    private var hasFailed = false

    init(client: Client, bucket: String) {
        self.client = client
        self.bucket = bucket
    }

    /// What became of a version: gone, still there, or unknown where the listing fails.
    mutating func outcome(of version: ObjectVersion) -> DeletionResult.Outcome {
        if key != version.key {
            key = version.key
            ids = hasFailed ? nil : try? list(version.key)
            hasFailed = ids == nil
        }
        guard let ids else { return .unknown }
        guard ids.contains(version.id) else { return .deleted }
        return .refused(
            DeletionFate.Refusal(
                code: "NotDeleted",
                message: "no answer said what became of it, and it is still there"
            ))
    }

    /// The ids of all versions of exactly this key.
    private func list(_ key: [UInt8]) throws -> Set<VersionID> {
        var lister = VersionLister(
            client: client, bucket: bucket, prefix: ObjectVersion.carriedPrefix(of: key))
        var ids: Set<VersionID> = []
        while let page = try lister.nextPage() {
            for entry in page.entries {
                let listed = page.key(of: entry)
                // Longer keys come after the key itself.
                if key.lexicographicallyPrecedes(listed) { return ids }
                guard listed.elementsEqual(key) else { continue }
                if let id = VersionID(page.versionID(of: entry)) { ids.insert(id) }
            }
        }
        return ids
    }
}

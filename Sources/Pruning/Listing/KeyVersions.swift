internal import CivilTime
public import Retention
internal import S3

/// The versions of one key in listing order: what the rule of retention is applied to.
///
/// Only one key is in memory at a time. Version ids and ETags of a key with more than about
/// 100,000 versions are in a temporary file; what the rule looks at stays in memory, 40 bytes a
/// version.
public final class KeyVersions {
    /// The exact bytes of the key.
    public private(set) var key: [UInt8] = []
    /// What the rule looks at, in listing order (newest first as far as the store says so).
    public var versions: [Version] = []
    /// The versions that are dated more than five minutes after the page that listed them.
    public private(set) var futureDated: [Int] = []

    private let strings = SpillBuffer(memoryLimit: 8 << 20)
    private var offsets: [Int] = []

    /// The number of versions.
    public var count: Int { versions.count }

    /// Whether version ids are in a temporary file.
    public var isSpilled: Bool { strings.isSpilled }

    /// No versions yet.
    public init() {}

    /// Starts over with another key.
    func reset(key: some Collection<UInt8>) {
        self.key.removeAll(keepingCapacity: true)
        self.key.append(contentsOf: key)
        versions.removeAll(keepingCapacity: versions.count < 1 << 16)
        offsets.removeAll(keepingCapacity: offsets.count < 1 << 16)
        futureDated.removeAll(keepingCapacity: true)
        strings.removeAll()
    }

    /// Adds the next version of the listing.
    func append(
        _ version: Version, id: some Collection<UInt8>, etag: some Collection<UInt8>,
        isFutureDated: Bool
    ) throws(SpillError) {
        if isFutureDated { futureDated.append(versions.count) }
        versions.append(version)
        offsets.append(strings.count)
        try strings.append(id)
        offsets.append(strings.count)
        try strings.append(etag)
    }

    /// The version id at an index, `null` for the null version.
    public func versionID(at index: Int) throws(SpillError) -> [UInt8] {
        let start = offsets[2 * index]
        return try strings.read(at: start, count: offsets[2 * index + 1] - start)
    }

    /// The ETag at an index without its quotes, empty for a delete marker.
    public func etag(at index: Int) throws(SpillError) -> [UInt8] {
        let start = offsets[2 * index + 1]
        let end = 2 * index + 2 < offsets.count ? offsets[2 * index + 2] : strings.count
        return try strings.read(at: start, count: end - start)
    }

    /// The first version id that the listing gave twice, if any.
    func firstRepeatedID() throws(SpillError) -> [UInt8]? {
        guard count > 1 else { return nil }
        var seen: [UInt64: Int] = [:]
        seen.reserveCapacity(count)
        for index in 0..<count {
            let id = try versionID(at: index)
            var hash = Self.hash(id)
            while let other = seen[hash] {
                if try versionID(at: other) == id { return id }
                hash &+= 1
            }
            seen[hash] = index
        }
        return nil
    }

    /// FNV-1a; equal hashes are compared byte by byte.
    private static func hash(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}

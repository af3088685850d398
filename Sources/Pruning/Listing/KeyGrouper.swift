public import CivilTime
internal import Retention
public import S3

/// Turns pages into keys: the versions of one key at a time, in key order.
///
/// It is the last guard before the rule. A listing that steps back in key order, names a key
/// outside the prefix or gives one version twice is refused whole.
public struct KeyGrouper {
    private let prefix: [UInt8]
    private let now: Timestamp
    private let emit: (KeyVersions) throws -> Void
    private let current = KeyVersions()
    private var hasKey = false

    /// The number of versions and of keys seen so far.
    public private(set) var versionCount = 0
    /// The number of keys that are complete.
    public private(set) var keyCount = 0

    /// Groups the versions of keys under `prefix`; `now` stands in where a page bears no date.
    public init(
        prefix: [UInt8], now: Timestamp, emit: @escaping (KeyVersions) throws -> Void
    ) {
        self.prefix = prefix
        self.now = now
        self.emit = emit
    }

    /// Takes the next page of the listing.
    public mutating func add(_ page: VersionPage) throws {
        let futureLimit = (page.date ?? now).advanced(bySeconds: 300)
        var range: Range<UInt32>?
        for entry in page.entries {
            if entry.key != range {
                range = entry.key
                let key = page.key(of: entry)
                if !hasKey || !key.elementsEqual(current.key) { try begin(key) }
            }
            let version = Version(
                modified: entry.modified, size: entry.size, isMarker: entry.isMarker,
                isLatest: entry.isLatest, lock: Lock(entry.lock))
            try current.append(
                version, id: page.versionID(of: entry), etag: page.etag(of: entry),
                isFutureDated: entry.modified > futureLimit)
            versionCount += 1
        }
    }

    /// Ends the listing: hands out the last key.
    public mutating func finish() throws {
        if hasKey { try flush() }
        hasKey = false
    }

    private mutating func begin(_ key: ArraySlice<UInt8>) throws {
        guard key.starts(with: prefix) else {
            throw ListingError("the listing names a key outside the prefix", key: Array(key))
        }
        if hasKey {
            guard current.key.lexicographicallyPrecedes(key) else {
                throw ListingError(
                    "the listing steps back in key order", key: Array(key),
                    hint: "list again; a listing that is not in order may be incomplete")
            }
            try flush()
        }
        current.reset(key: key)
        hasKey = true
    }

    private mutating func flush() throws {
        if let id = try current.firstRepeatedID() {
            throw ListingError(
                "the listing gives version \(String(decoding: id, as: UTF8.self)) twice",
                key: current.key)
        }
        keyCount += 1
        try emit(current)
    }
}

extension Lock {
    /// What a listing knows, as the rule asks for it.
    @inline(__always)
    fileprivate init(_ listed: VersionPage.Lock) {
        switch listed {
        case .unknown: self = .none
        case .retention: self = .retention
        case .legalHold: self = .legalHold
        }
    }
}

public import CivilTime

/// One page of ListObjectVersions, parsed whole and checked: either every entry of the answer is
/// here, or there is no page.
///
/// Keys, version ids and ETags are ranges of one array of bytes, so that a page of a thousand
/// entries is two allocations. Entries stand in key order; the versions of a key stand in the
/// order of the answer.
public struct VersionPage: Sendable {
    /// One version or delete marker.
    public struct Entry: Sendable {
        /// The key, decoded: a range of the page's `bytes`, never empty, valid UTF-8. Neighbours
        /// with the same key have the same range.
        public let key: Range<UInt32>
        /// The version id: a range of `bytes`, never empty; `null` for the null version.
        public let versionID: Range<UInt32>
        /// The entity tag without its quotes: a range of `bytes`, empty if the answer had none.
        public let etag: Range<UInt32>
        /// `LastModified`, at the precision listed.
        public let modified: Timestamp
        /// The size in bytes; 0 for a delete marker.
        public let size: Int64
        /// Whether the server calls this the current version of its key.
        public let isLatest: Bool
        /// Whether this is a delete marker.
        public let isMarker: Bool
        /// What protects the version; an answer of ListObjectVersions never says.
        public let lock: Lock

        /// An entry whose ranges lie in the page's bytes.
        @inlinable
        public init(
            key: Range<UInt32>, versionID: Range<UInt32>, etag: Range<UInt32>, modified: Timestamp,
            size: Int64, isLatest: Bool, isMarker: Bool, lock: Lock = .unknown
        ) {
            self.key = key
            self.versionID = versionID
            self.etag = etag
            self.modified = modified
            self.size = size
            self.isLatest = isLatest
            self.isMarker = isMarker
            self.lock = lock
        }
    }

    /// What a listing knows of Object Lock.
    public enum Lock: UInt8, Sendable {
        /// The listing does not say, or says that nothing protects the version.
        case unknown
        /// A retention period is running.
        case retention
        /// A legal hold is on.
        case legalHold
    }

    /// Where a listing stands: after this version of this key. Both are bytes as they are sent.
    public struct Position: Sendable, Hashable {
        /// The key marker.
        public var key: [UInt8]
        /// The version id marker.
        public var versionID: [UInt8]

        /// A position after the version `versionID` of `key`.
        public init(key: [UInt8], versionID: [UInt8]) {
            self.key = key
            self.versionID = versionID
        }
    }

    /// Keys, version ids and ETags, one after the other.
    public let bytes: [UInt8]
    /// The versions and delete markers, by key.
    public let entries: [Entry]
    /// The bucket that the answer names; empty if it names none.
    public let bucket: String
    /// The prefix that the answer repeats, decoded; empty if there is none.
    public let prefix: [UInt8]
    /// Whether more pages follow.
    public let isTruncated: Bool
    /// `KeyMarker` and `VersionIdMarker` as the answer repeats them, the key undecoded; both
    /// empty on the first page of a listing.
    public let start: Position
    /// `NextKeyMarker` as the answer has it, undecoded; empty if there is none.
    public let rawNextKey: [UInt8]
    /// Whether the answer said that its keys and markers were URL-encoded.
    public let isEncoded: Bool
    /// Where the next page begins; nil on the last page.
    public let next: Position?
    /// The server's clock when it answered: the `Date` header. Nil offline.
    public internal(set) var date: Timestamp?
    /// The request id of the answer. Nil offline.
    public internal(set) var requestID: String?
}

extension VersionPage {
    /// A page of entries that are in order and were checked already.
    public init(bytes: [UInt8], entries: [Entry]) {
        self.init(
            bytes: bytes, entries: entries, bucket: "", prefix: [], isTruncated: false,
            start: Position(key: [], versionID: []), rawNextKey: [], isEncoded: false, next: nil)
    }

    /// A page of which only its place among others is known: `next` is nil for the last one.
    public init(start: Position, next: Position?) {
        self.init(
            bytes: [], entries: [], bucket: "", prefix: [], isTruncated: next != nil, start: start,
            rawNextKey: next?.key ?? [], isEncoded: false, next: next)
    }

    /// The key of an entry.
    public func key(of entry: Entry) -> ArraySlice<UInt8> { slice(entry.key) }

    /// The version id of an entry.
    public func versionID(of entry: Entry) -> ArraySlice<UInt8> { slice(entry.versionID) }

    /// The ETag of an entry, without quotes; empty if it has none.
    public func etag(of entry: Entry) -> ArraySlice<UInt8> { slice(entry.etag) }

    private func slice(_ range: Range<UInt32>) -> ArraySlice<UInt8> {
        bytes[Int(range.lowerBound)..<Int(range.upperBound)]
    }
}

internal import CivilTime
internal import Glibc
internal import S3

/// A version as it was read, before it has a place among the others. Its bytes belong to the
/// reader and are valid until the next one is read.
struct ListedVersion {
    var key: UnsafeRawBufferPointer
    var versionID: UnsafeRawBufferPointer
    var etag: UnsafeRawBufferPointer
    var modified: Timestamp
    var size: Int64
    var isLatest: Bool
    var isMarker: Bool
    var lock: VersionPage.Lock
}

/// What decides between versions of one key with the same date.
enum TieOrder: Sendable {
    /// The order of the input, delete markers last: the listing had an order.
    case listed
    /// The current version first, delete markers last, then by version id: the rows had no order,
    /// and the same rows in another order give the same plan.
    case unlisted
}

/// A version in the bytes that are sorted and spilled: a header of 32 bytes, then key, version id
/// and ETag. Nothing is aligned.
struct VersionRecord {
    static let headerBytes = 32
    /// Longer than any key, version id or ETag (S3 allows a key 1,024 bytes).
    static let maximumField = 8 << 10
    static let maximumBytes = headerBytes + 3 * maximumField

    let start: UnsafeRawPointer

    @inline(__always)
    init(at start: UnsafeRawPointer) { self.start = start }

    @inline(__always)
    private func load<Value: BitwiseCopyable>(_ offset: Int, as: Value.Type) -> Value {
        start.loadUnaligned(fromByteOffset: offset, as: Value.self)
    }

    /// The length of the whole record.
    var count: Int { Int(load(0, as: UInt32.self)) }

    private var keyCount: Int { Int(load(4, as: UInt16.self)) }
    private var versionIDCount: Int { Int(load(6, as: UInt16.self)) }
    private var etagCount: Int { Int(load(8, as: UInt16.self)) }
    private var flags: UInt8 { load(10, as: UInt8.self) }
    private var rank: UInt8 { load(11, as: UInt8.self) }
    private var nanoseconds: Int32 { load(12, as: Int32.self) }
    private var seconds: Int64 { load(16, as: Int64.self) }

    var size: Int64 { load(24, as: Int64.self) }
    var modified: Timestamp { Timestamp(seconds: seconds, nanoseconds: nanoseconds) }
    var isMarker: Bool { flags & 1 != 0 }
    var isLatest: Bool { flags & 2 != 0 }
    var lock: VersionPage.Lock { VersionPage.Lock(rawValue: flags >> 2 & 3) ?? .unknown }

    var key: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: start + Self.headerBytes, count: keyCount)
    }
    var versionID: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: start + Self.headerBytes + keyCount, count: versionIDCount)
    }
    var etag: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: start + Self.headerBytes + keyCount + versionIDCount, count: etagCount)
    }

    /// The bytes that a version takes.
    static func count(of version: ListedVersion) -> Int {
        headerBytes + version.key.count + version.versionID.count + version.etag.count
    }

    /// Writes a version; there must be room for it.
    static func write(_ version: ListedVersion, ties: TieOrder, to start: UnsafeMutableRawPointer) {
        func store(_ value: some BitwiseCopyable, _ offset: Int) {
            start.storeBytes(of: value, toByteOffset: offset, as: type(of: value))
        }
        var rank: UInt8 = version.isMarker ? 1 : 0
        if ties == .unlisted, !version.isLatest { rank += 2 }
        store(UInt32(count(of: version)), 0)
        store(UInt16(version.key.count), 4)
        store(UInt16(version.versionID.count), 6)
        store(UInt16(version.etag.count), 8)
        store(
            (version.isMarker ? 1 : 0) | (version.isLatest ? 2 : 0) | version.lock.rawValue << 2, 10
        )
        store(rank, 11)
        store(version.modified.nanoseconds, 12)
        store(version.modified.seconds, 16)
        store(version.size, 24)
        var position = start + headerBytes
        for field in [version.key, version.versionID, version.etag] {
            if let base = field.baseAddress {
                position.copyMemory(from: base, byteCount: field.count)
            }
            position += field.count
        }
    }

    /// Whether this one stands before the other in a listing: by the bytes of the key, newest
    /// first. Neither stands before the other where only the order of the input decides.
    @inline(__always)
    func precedes(_ other: VersionRecord, ties: TieOrder) -> Bool {
        let order = Self.compare(key, other.key)
        if order != 0 { return order < 0 }
        return precedesWithinKey(other, ties: ties)
    }

    /// The same for two versions of one key.
    func precedesWithinKey(_ other: VersionRecord, ties: TieOrder) -> Bool {
        if seconds != other.seconds { return seconds > other.seconds }
        if nanoseconds != other.nanoseconds { return nanoseconds > other.nanoseconds }
        if rank != other.rank { return rank < other.rank }
        return ties == .unlisted && Self.compare(versionID, other.versionID) < 0
    }

    @inline(__always)
    static func compare(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
        let shared = min(left.count, right.count)
        let order = shared == 0 ? 0 : memcmp(left.baseAddress!, right.baseAddress!, shared)
        return order != 0 ? Int(order) : left.count - right.count
    }
}

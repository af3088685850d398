internal import CivilTime
internal import S3

/// The fields of one version while it is read, checked one by one: the same rules for every
/// format that is not XML.
///
/// The texts are copied, since a reader moves on.
final class VersionFields {
    /// A field, as a bit of what was seen.
    enum Field: UInt8 {
        case key = 1
        case versionID = 2
        case isLatest = 4
        case modified = 8
        case etag = 16
        case size = 32

        /// The member's name in the answers of `aws s3api`.
        var name: String {
            switch self {
            case .key: "Key"
            case .versionID: "VersionId"
            case .isLatest: "IsLatest"
            case .modified: "LastModified"
            case .etag: "ETag"
            case .size: "Size"
            }
        }
    }

    private let prefix: [UInt8]
    private let text = UnsafeMutableRawBufferPointer.allocate(
        byteCount: 3 * VersionRecord.maximumField, alignment: 1)
    private var keyCount = 0
    private var versionIDCount = 0
    private var etagCount = 0
    private var seen: UInt8 = 0
    private var modified = Timestamp(seconds: 0)
    var size: Int64 = 0
    /// Whether a key was refused because it lies outside the prefix.
    private(set) var isOutsidePrefix = false
    var isLatest = false
    var isMarker = false
    var lock = VersionPage.Lock.unknown

    /// Fields of versions whose keys lie under `prefix`.
    init(prefix: [UInt8]) { self.prefix = prefix }

    deinit { text.deallocate() }

    /// Begins another version.
    func reset(isMarker: Bool) {
        (keyCount, versionIDCount, etagCount, seen) = (0, 0, 0, 0)
        (size, isLatest, lock) = (0, false, .unknown)
        self.isMarker = isMarker
    }

    /// Notes a field; says whether it came for the first time.
    func note(_ field: Field) -> Bool {
        defer { seen |= field.rawValue }
        return seen & field.rawValue == 0
    }

    /// Takes the decoded key; says what is wrong with it.
    func setKey(_ bytes: UnsafeRawBufferPointer) -> String? {
        if bytes.isEmpty { return "an empty key" }
        guard bytes.count <= VersionRecord.maximumField else { return "longer than any key" }
        guard bytes.starts(with: prefix) else {
            isOutsidePrefix = true
            return "the key \(Self.quoted(bytes)) is outside the prefix"
        }
        put(bytes, at: 0)
        keyCount = bytes.count
        return nil
    }

    /// Takes the version id; says what is wrong with it.
    func setVersionID(_ bytes: UnsafeRawBufferPointer) -> String? {
        if bytes.isEmpty { return "an empty version id" }
        guard bytes.count <= VersionRecord.maximumField else { return "longer than any version id" }
        // "Version IDs are Unicode, UTF-8 encoded, URL-ready, opaque strings" (S3 User Guide).
        guard bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            return "a version id with white space or control characters"
        }
        put(bytes, at: 1)
        versionIDCount = bytes.count
        return nil
    }

    /// Takes the ETag, with or without its quotes; says what is wrong with it.
    func setETag(_ bytes: UnsafeRawBufferPointer) -> String? {
        let quote = UInt8(ascii: "\"")
        let isQuoted = bytes.count >= 2 && bytes.first == quote && bytes.last == quote
        let bare = isQuoted ? UnsafeRawBufferPointer(rebasing: bytes.dropFirst().dropLast()) : bytes
        guard bare.count <= VersionRecord.maximumField else { return "longer than any ETag" }
        put(bare, at: 2)
        etagCount = bare.count
        return nil
    }

    /// Takes the date; says what is wrong with it.
    func setModified(_ bytes: UnsafeRawBufferPointer) -> String? {
        guard let date = Timestamp(rfc3339: bytes.assumingMemoryBound(to: UInt8.self)) else {
            return "\(Self.quoted(bytes)) is not a date"
        }
        modified = date
        return nil
    }

    /// The first field that a version needs and this one has not.
    var missing: Field? {
        let needed = isMarker ? Self.markerFields : Self.versionFields
        return seen & needed == needed
            ? nil : Field(rawValue: 1 << (~seen & needed).trailingZeroBitCount)
    }

    /// The version; its bytes are valid until the next one begins.
    var version: ListedVersion {
        ListedVersion(
            key: bytes(0, keyCount), versionID: bytes(1, versionIDCount), etag: bytes(2, etagCount),
            modified: modified, size: isMarker ? 0 : size, isLatest: isLatest, isMarker: isMarker,
            lock: lock)
    }

    private static let markerFields =
        Field.key.rawValue | Field.versionID.rawValue | Field.isLatest.rawValue
        | Field.modified.rawValue
    private static let versionFields = markerFields | Field.size.rawValue

    private func put(_ bytes: UnsafeRawBufferPointer, at slot: Int) {
        UnsafeMutableRawBufferPointer(rebasing: text[(slot * VersionRecord.maximumField)...])
            .copyMemory(from: bytes)
    }

    private func bytes(_ slot: Int, _ count: Int) -> UnsafeRawBufferPointer {
        let start = slot * VersionRecord.maximumField
        return UnsafeRawBufferPointer(rebasing: text[start..<start + count])
    }

    /// A size in bytes: decimal digits; nil for anything else.
    static func size(_ digits: UnsafeRawBufferPointer) -> Int64? {
        var value: Int64 = 0
        for byte in digits {
            let digit = Int64(byte) - 0x30
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(digit)
            guard digit >= 0, digit <= 9, !overflow, !carry else { return nil }
            value = sum
        }
        return digits.isEmpty ? nil : value
    }

    /// Bytes in quotes, for a message.
    static func quoted(_ bytes: UnsafeRawBufferPointer) -> String {
        let text = String(decoding: bytes.prefix(200), as: UTF8.self)
        return "\"" + text + (bytes.count > 200 ? "…" : "") + "\""
    }
}

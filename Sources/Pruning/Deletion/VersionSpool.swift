public import S3

/// Versions that are to be deleted, in key order: in memory while they are few, in a temporary
/// file when they are many.
public final class VersionSpool {
    /// One version of the spool.
    public struct Entry {
        /// What is deleted.
        public let version: ObjectVersion
        /// Its size in bytes.
        public let size: Int64
    }

    private let bytes = SpillBuffer(memoryLimit: 4 << 20)
    /// The number of versions.
    public private(set) var count = 0
    /// The bytes that they hold together.
    public private(set) var size: Int64 = 0

    /// An empty spool.
    public init() {}

    /// Adds versions of one key, which comes after all keys added before.
    func append(key: [UInt8], _ versions: [(id: VersionID, size: Int64)]) throws(SpillError) {
        guard !versions.isEmpty else { return }
        var record: [UInt8] = []
        record.append(number: key.count)
        record += key
        record.append(number: versions.count)
        for (id, size) in versions {
            record.append(number: id.bytes.count)
            record += id.bytes
            record.append(number: Int(size))
        }
        count += versions.count
        size = versions.reduce(size) { $0.addingSaturated($1.size) }
        try bytes.append(record)
    }

    /// Reads the spool from its start.
    func cursor() -> Cursor { Cursor(bytes) }

    /// A place in a spool, key by key.
    struct Cursor {
        private var reader: SpillReader

        fileprivate init(_ bytes: SpillBuffer) { reader = SpillReader(bytes) }

        /// The next key with its versions, or `nil` at the end.
        mutating func next() throws(SpillError) -> (key: [UInt8], entries: [Entry])? {
            if reader.isAtEnd { return nil }
            let key = try reader.take(try reader.number())
            let count = try reader.number()
            var entries: [Entry] = []
            entries.reserveCapacity(count)
            for _ in 0..<count {
                let id = try reader.take(try reader.number())
                let size = try reader.number()
                guard let id = VersionID(id) else { throw SpillError(code: 5) }
                entries.append(
                    Entry(version: ObjectVersion(key: key, id: id), size: Int64(size)))
            }
            return (key, entries)
        }
    }
}

internal import Glibc

/// Sorts versions by key, newest first, in bounded memory: what does not fit goes to a temporary
/// file as sorted runs, which are merged as they are read.
///
/// Takes about 130 bytes of the temporary file a version. Input that is in order already is not
/// sorted again, whatever its size.
final class VersionSorter {
    private let ties: TieOrder
    private let memoryLimit: Int
    private var chunk: VersionChunk
    private var file: TemporaryFile?
    private var runs: [Range<Int>] = []
    /// The last record of the last run.
    private var last: [UInt8] = []
    /// How many sorted runs the temporary file holds.
    var runCount: Int { runs.count }
    /// Versions taken so far.
    private(set) var count = 0

    /// A sorter that keeps at most about so many bytes in memory.
    init(ties: TieOrder, memoryLimit: Int = 8 << 20) {
        self.ties = ties
        self.memoryLimit = memoryLimit
        chunk = VersionChunk(ties: ties)
    }

    /// Takes the next version; none of its fields may be longer than a record can hold.
    func append(_ version: ListedVersion) throws(SpillError) {
        if chunk.count > 0, chunk.count + VersionRecord.count(of: version) > memoryLimit {
            try spill()
        }
        chunk.append(version)
        count += 1
    }

    /// The versions in order. The sorter is of no use afterwards.
    func finish() throws(SpillError) -> SortedVersions {
        guard let file else { return SortedVersions(chunk: chunk.sorted()) }
        if chunk.count > 0 { try spill() }
        chunk = VersionChunk(ties: ties)
        return try SortedVersions(file: file, runs: runs, ties: ties, memoryLimit: memoryLimit)
    }

    private func spill() throws(SpillError) {
        let file: TemporaryFile
        if let open = self.file { file = open } else { file = try TemporaryFile() }
        self.file = file
        let start = file.count
        let (first, final) = try chunk.write(to: file)
        let follows = last.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return false }
            return !first.precedes(VersionRecord(at: base), ties: ties)
        }
        if follows, let run = runs.popLast() {
            runs.append(run.lowerBound..<file.count)
        } else {
            runs.append(start..<file.count)
        }
        last = Array(UnsafeRawBufferPointer(start: final.start, count: final.count))
        chunk.removeAll()
    }
}

/// Versions in memory, one record after the other.
final class VersionChunk {
    private let ties: TieOrder
    private var base: UnsafeMutableRawPointer
    private var capacity = 64 << 10
    /// Bytes in use.
    private(set) var count = 0
    private var lastOffset = 0
    private var isSorted = true
    /// How many bytes all keys begin with in common.
    private var sharedPrefix = Int.max

    init(ties: TieOrder) {
        self.ties = ties
        base = malloc(capacity)!
    }

    deinit { free(base) }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
    var first: VersionRecord { VersionRecord(at: base) }
    var last: VersionRecord { VersionRecord(at: base + lastOffset) }

    func append(_ version: ListedVersion) {
        let added = VersionRecord.count(of: version)
        if count + added > capacity { grow(to: count + added) }
        VersionRecord.write(version, ties: ties, to: base + count)
        let record = VersionRecord(at: base + count)
        if count == 0 {
            sharedPrefix = version.key.count
        } else {
            if isSorted { isSorted = !record.precedes(last, ties: ties) }
            narrowSharedPrefix(record.key)
        }
        lastOffset = count
        count += added
    }

    func removeAll() {
        count = 0
        lastOffset = 0
        isSorted = true
    }

    private func narrowSharedPrefix(_ key: UnsafeRawBufferPointer) {
        let other = first.key
        sharedPrefix = min(sharedPrefix, key.count)
        guard sharedPrefix > 0, memcmp(key.baseAddress!, other.baseAddress!, sharedPrefix) != 0
        else { return }
        sharedPrefix = (0..<sharedPrefix).first { key[$0] != other[$0] } ?? sharedPrefix
    }

    fileprivate func grow(to needed: Int) {
        let larger = max(needed, capacity * 2)
        // Pages of memory are moved, not copied.
        base = realloc(base, larger)!
        capacity = larger
    }

    /// A record's place and the eight bytes of its key that follow what all keys share: most
    /// comparisons end with them.
    private struct Reference {
        var prefix: UInt64
        var offset: UInt32
    }

    /// The same records in order; equal ones stay in the order in which they came.
    func sorted() -> VersionChunk {
        if isSorted { return self }
        let sorted = VersionChunk(ties: ties)
        sorted.grow(to: count)
        for reference in sortedReferences() {
            let record = VersionRecord(at: base + Int(reference.offset))
            sorted.lastOffset = sorted.count
            (sorted.base + sorted.count).copyMemory(from: record.start, byteCount: record.count)
            sorted.count += record.count
        }
        return sorted
    }

    /// Writes the records in order, and gives the first and the last of them. The chunk must not
    /// be empty.
    func write(
        to file: TemporaryFile
    ) throws(SpillError) -> (first: VersionRecord, last: VersionRecord) {
        if isSorted {
            try file.append(bytes)
            return (first, last)
        }
        let references = sortedReferences()
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { block.deallocate() }
        var filled = 0
        for reference in references {
            let record = VersionRecord(at: base + Int(reference.offset))
            if filled + record.count > block.count {
                try file.append(UnsafeRawBufferPointer(rebasing: block[..<filled]))
                filled = 0
            }
            (block.baseAddress! + filled).copyMemory(from: record.start, byteCount: record.count)
            filled += record.count
        }
        try file.append(UnsafeRawBufferPointer(rebasing: block[..<filled]))
        return (
            VersionRecord(at: base + Int(references[0].offset)),
            VersionRecord(at: base + Int(references[references.count - 1].offset))
        )
    }

    private func sortedReferences() -> [Reference] {
        let base = UnsafeRawPointer(self.base)
        var references = references()
        references.sort { left, right in
            if left.prefix != right.prefix { return left.prefix < right.prefix }
            let one = VersionRecord(at: base + Int(left.offset))
            let other = VersionRecord(at: base + Int(right.offset))
            if one.precedes(other, ties: ties) { return true }
            // Equal records keep their order: the sort of the library need not be stable.
            return left.offset < right.offset && !other.precedes(one, ties: ties)
        }
        return references
    }

    private func references() -> [Reference] {
        var references: [Reference] = []
        var offset = 0
        while offset < count {
            let record = VersionRecord(at: base + offset)
            references.append(
                Reference(prefix: prefix(of: record.key), offset: UInt32(offset)))
            offset += record.count
        }
        return references
    }

    private func prefix(of key: UnsafeRawBufferPointer) -> UInt64 {
        var value: UInt64 = 0
        for index in sharedPrefix..<sharedPrefix + 8 {
            value = value << 8 | (index < key.count ? UInt64(key[index]) : 0)
        }
        return value
    }
}

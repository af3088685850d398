internal import S3

/// Versions in order, handed out as pages: the merge of sorted runs.
///
/// Memory is bounded: all runs share what the sorter had, at least 32 KiB a run.
final class SortedVersions {
    private let ties: TieOrder
    /// The runs that are not at their end, as a heap: the one whose version is next comes first.
    private var heap: [VersionRun]

    fileprivate static let pageEntries = 1000
    private static let pageBytes = 1 << 20

    /// The versions of a chunk that is in order.
    init(chunk: VersionChunk) {
        ties = .listed
        heap = chunk.count > 0 ? [VersionRun(chunk)] : []
    }

    /// The versions of runs in a file.
    init(
        file: TemporaryFile, runs: [Range<Int>], ties: TieOrder, memoryLimit: Int
    ) throws(SpillError) {
        self.ties = ties
        let share = memoryLimit / max(1, runs.count)
        let bufferBytes = max(VersionRecord.maximumBytes, 32 << 10, min(1 << 20, share))
        heap = []
        for (index, range) in runs.enumerated() {
            heap.append(try VersionRun(file, range, index: index, bufferBytes: bufferBytes))
        }
        for index in heap.indices.reversed() { sink(index) }
    }

    /// The next page; nil after the last one.
    func nextPage() throws(SpillError) -> VersionPage? {
        guard !heap.isEmpty else { return nil }
        var page = PageBuilder()
        while let run = heap.first, page.count < Self.pageEntries, page.bytes < Self.pageBytes {
            page.append(run.current)
            if try run.advance() {
                if heap.count > 1 { sink(0) }
            } else {
                let last = heap.removeLast()
                if !heap.isEmpty {
                    heap[0] = last
                    sink(0)
                }
            }
        }
        return page.finish()
    }

    private func isBefore(_ left: VersionRun, _ right: VersionRun) -> Bool {
        if left.current.precedes(right.current, ties: ties) { return true }
        return left.index < right.index && !right.current.precedes(left.current, ties: ties)
    }

    /// Moves the run at a place of the heap down to where it belongs.
    private func sink(_ start: Int) {
        let run = heap[start]
        var place = start
        while true {
            var child = 2 * place + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, isBefore(heap[child + 1], heap[child]) { child += 1 }
            guard isBefore(heap[child], run) else { break }
            heap[place] = heap[child]
            place = child
        }
        heap[place] = run
    }
}

/// One sorted run, and where its reader stands.
final class VersionRun {
    /// The place of the run among the others: versions of an earlier one were read earlier.
    let index: Int
    /// The version that is next.
    private(set) var current: VersionRecord
    private let file: TemporaryFile?
    private var unread: Range<Int>
    private let chunk: VersionChunk?
    private let buffer: UnsafeMutableRawBufferPointer
    private var position: UnsafeRawPointer
    private var end: UnsafeRawPointer

    /// All versions of a chunk, which must not be empty.
    init(_ chunk: VersionChunk) {
        index = 0
        file = nil
        unread = 0..<0
        self.chunk = chunk
        buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        position = chunk.bytes.baseAddress!
        end = position + chunk.bytes.count
        current = VersionRecord(at: position)
    }

    /// A range of a file, which must not be empty.
    init(_ file: TemporaryFile, _ range: Range<Int>, index: Int, bufferBytes: Int)
        throws(SpillError)
    {
        self.index = index
        self.file = file
        chunk = nil
        buffer = .allocate(byteCount: bufferBytes, alignment: 16)
        position = UnsafeRawPointer(buffer.baseAddress!)
        end = position
        current = VersionRecord(at: position)
        unread = range
        try fill()
    }

    deinit { if chunk == nil { buffer.deallocate() } }

    /// Goes on to the next version; false at the end.
    @inline(__always)
    func advance() throws(SpillError) -> Bool {
        position += current.count
        current = VersionRecord(at: position)
        let left = end - position
        if left >= VersionRecord.headerBytes, left >= current.count { return true }
        if left == 0, unread.isEmpty { return false }
        try fill()
        return true
    }

    /// Moves what is left to the front and reads more behind it.
    private func fill() throws(SpillError) {
        guard let file else { throw SpillError(code: 0) }
        let kept = end - position
        let start = buffer.baseAddress!
        start.copyMemory(from: position, byteCount: kept)
        let count = min(buffer.count - kept, unread.count)
        try file.read(
            at: unread.lowerBound,
            into: UnsafeMutableRawBufferPointer(start: start + kept, count: count))
        unread = unread.lowerBound + count..<unread.upperBound
        position = UnsafeRawPointer(start)
        end = position + kept + count
        current = VersionRecord(at: position)
    }
}

/// Makes a page of records that come in order.
private struct PageBuilder {
    private var text: [UInt8] = []
    private var entries: [VersionPage.Entry] = []
    private var key: Range<UInt32> = 0..<0

    var count: Int { entries.count }
    var bytes: Int { text.count }

    init() {
        text.reserveCapacity(96 << 10)
        entries.reserveCapacity(SortedVersions.pageEntries)
    }

    mutating func append(_ record: VersionRecord) {
        if entries.isEmpty || !isLastKey(record.key) { key = put(record.key) }
        let versionID = put(record.versionID)
        let etag = put(record.etag)
        entries.append(
            VersionPage.Entry(
                key: key, versionID: versionID, etag: etag, modified: record.modified,
                size: record.size, isLatest: record.isLatest, isMarker: record.isMarker,
                lock: record.lock))
    }

    func finish() -> VersionPage { VersionPage(bytes: text, entries: entries) }

    private func isLastKey(_ other: UnsafeRawBufferPointer) -> Bool {
        text.withUnsafeBytes {
            let last = UnsafeRawBufferPointer(
                rebasing: $0[Int(key.lowerBound)..<Int(key.upperBound)])
            return last.count == other.count && VersionRecord.compare(last, other) == 0
        }
    }

    private mutating func put(_ bytes: UnsafeRawBufferPointer) -> Range<UInt32> {
        let start = UInt32(text.count)
        text.append(contentsOf: bytes)
        return start..<UInt32(text.count)
    }
}

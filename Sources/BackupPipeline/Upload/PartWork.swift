internal import S3

/// The parts of an upload on their way: shared by the thread that fills and those that send.
struct PartWork {
    /// What a sender does next.
    enum Turn {
        case part(Int, PartBuffer)
        case end
    }

    /// No more parts will be added.
    var isEnded = false
    private(set) var failure: S3Error?
    /// Whether a part that failed may still arrive at the server.
    private(set) var mayHaveStrayPart = false
    private var waiting: [(number: Int, buffer: PartBuffer)] = []
    private var parts: [SentPart] = []
    private var added = 0
    private var reserved = 0
    private let budget: Int

    /// Buffers may take so many bytes together, or twice what a single one takes.
    init(budget: Int) { self.budget = budget }

    /// Takes room for a buffer; `nil` while there is none, the failure where a part has failed.
    mutating func reserve(_ size: Int) -> Result<Void, any Error>? {
        if let failure { return .failure(failure) }
        guard reserved == 0 || reserved + size <= max(budget, 2 * size) else { return nil }
        reserved += size
        return .success(())
    }

    mutating func release(_ size: Int) { reserved -= size }

    mutating func add(_ number: Int, _ buffer: PartBuffer) throws(S3Error) {
        if let failure { throw failure }
        waiting.append((number, buffer))
        added += 1
    }

    /// The next part to send; `nil` while there is none.
    mutating func turn() -> Turn? {
        if failure != nil { return .end }
        guard !waiting.isEmpty else { return isEnded ? .end : nil }
        let (number, buffer) = waiting.removeFirst()
        return .part(number, buffer)
    }

    mutating func sent(_ part: SentPart, _ buffer: PartBuffer) {
        parts.append(part)
        release(buffer.capacity)
    }

    /// The first failure counts: the others follow from it.
    mutating func failed(_ error: S3Error) {
        if failure == nil { failure = error }
        if error.effectUnknown { mayHaveStrayPart = true }
    }

    /// All parts in order, each of them confirmed.
    func finishedParts() throws(S3Error) -> [SentPart] {
        if let failure { throw failure }
        precondition(parts.count == added, "a part was neither sent nor failed")
        return parts.sorted { $0.number < $1.number }
    }
}

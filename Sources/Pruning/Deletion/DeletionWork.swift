internal import S3

/// What is left to delete and what became of the rest: shared by the threads of a run.
struct DeletionWork {
    /// What a thread does next.
    enum Turn {
        case batch([VersionSpool.Entry], singly: Bool)
        case end
    }

    private(set) var result: DeletionResult
    /// Versions whose fate the answers left open.
    private(set) var unknown: [VersionSpool.Entry] = []
    /// Versions that the server said it did not delete.
    let remainders = RemainderSpool()
    private var cursor: VersionSpool.Cursor
    private var together = EntryQueue()
    private var singles = EntryQueue()
    private var pace: Pace
    private var handedOut = 0
    private var isRead = false
    private var allSingly = false
    /// Batches of which every version was denied, while nothing else became of any version.
    private var deniedBatches = 0

    /// The most versions of a batch of single deletions: few, since each takes a request.
    private static let singlesPerBatch = 50
    /// And while nothing was deleted yet: rights may be missing.
    private static let firstSingles = 10
    /// More versions of unknown fate than this end a run.
    private static let mostUnknown = 10_000

    init(_ spool: VersionSpool, concurrency: Int) {
        result = DeletionResult(planned: spool.count)
        cursor = spool.cursor()
        pace = Pace(most: concurrency)
    }

    /// The versions of which something is known.
    var accounted: Int { result.planned - result.untried + unknown.count }

    /// The next batch, `end` where there is none, `nil` while the pace allows no request.
    mutating func turn(isStopped: Bool) -> Turn? {
        if isStopped, result.stop == nil, handedOut < result.planned { result.stop = .interrupted }
        guard result.stop == nil else { return .end }
        guard pace.hasRoom else { return nil }
        let batch = nextBatch()
        guard case .batch(let entries, _) = batch else { return .end }
        handedOut += entries.count
        pace.begin()
        return batch
    }

    /// Takes what became of a batch.
    mutating func end(_ entries: [VersionSpool.Entry], _ outcome: BatchOutcome) {
        pace.end()
        if outcome.needsSingles { allSingly = true }
        if let stop = outcome.stop, result.stop == nil { result.stop = stop }
        if outcome.stop == nil, !outcome.fates.contains(where: \.isPassing) { pace.succeeded() }
        if outcome.fates.contains(nil), result.stop == nil { result.stop = .interrupted }
        for (entry, fate) in zip(entries, outcome.fates) {
            switch fate {
            case nil: break
            case .deleted: result.count(.deleted, size: entry.size)
            case .unknown: unknown.append(entry)
            case .failed(let why), .retry(let why): refused(entry, why)
            }
            if fate.isPassing { result.failedInPassing += 1 }
        }
        stopWithoutRights(outcome)
        if unknown.count > Self.mostUnknown, result.stop == nil {
            result.stop = .untrustworthy("the server leaves open what it deleted")
        }
    }

    mutating func throttled() { pace.throttled() }

    /// Ends the run, unless it has ended for another reason.
    mutating func stop(_ stop: DeletionResult.Stop) {
        if result.stop == nil { result.stop = stop }
    }

    private mutating func refused(_ entry: VersionSpool.Entry, _ why: DeletionFate.Refusal) {
        result.count(.refused(why), size: entry.size)
        do throws(SpillError) {
            try remainders.append(entry.version, why)
        } catch {
            if result.stop == nil { result.stop = .unreadable("\(error)") }
        }
    }

    /// Ends the run where the first version alone and a whole batch after it were denied, each
    /// version of them: the rights are missing, and asking on would find nothing else.
    private mutating func stopWithoutRights(_ outcome: BatchOutcome) {
        guard result.denied > 0, result.denied + result.untried == result.planned,
            unknown.isEmpty, case .failed(let why) = outcome.fates.last ?? nil
        else { return }
        deniedBatches += 1
        if deniedBatches > 1, handedOut < result.planned, result.stop == nil {
            result.stop = .denied(why)
        }
    }

    private mutating func nextBatch() -> Turn {
        let size =
            handedOut == 0 ? 1 : allSingly ? Self.singlesPerBatch : Client.deletionsPerRequest
        do throws(SpillError) {
            while !isRead, together.count < size, singles.count < Self.singlesPerBatch {
                guard let next = try cursor.next() else {
                    isRead = true
                    break
                }
                for entry in next.entries {
                    if entry.version.fitsInXML {
                        together.append(entry)
                    } else {
                        singles.append(entry)
                    }
                }
            }
        } catch {
            result.stop = .unreadable("\(error)")
            return .end
        }
        if together.count >= size || (singles.count == 0 && together.count > 0) {
            return .batch(together.take(size), singly: allSingly)
        }
        if singles.count > 0 {
            let most = result.deleted == 0 ? Self.firstSingles : Self.singlesPerBatch
            return .batch(singles.take(min(size, most)), singly: true)
        }
        return .end
    }
}

/// Versions in their order; taking some from the front costs no more than those.
private struct EntryQueue {
    private var entries: [VersionSpool.Entry] = []
    private var start = 0

    var count: Int { entries.count - start }

    mutating func append(_ entry: VersionSpool.Entry) { entries.append(entry) }

    /// Takes at most so many from the front, and at least one, that fit into a request together.
    mutating func take(_ most: Int) -> [VersionSpool.Entry] {
        var end = start
        var bytes = 0
        while end < min(entries.count, start + most) {
            bytes += entries[end].version.deletionBytes
            guard end == start || bytes <= Client.deletionBytesPerRequest else { break }
            end += 1
        }
        defer {
            start = end
            if start * 2 > entries.count {
                entries.removeFirst(start)
                start = 0
            }
        }
        return Array(entries[start..<end])
    }
}

extension DeletionFate? {
    /// Whether the version was asked for to the last and failed in passing each time.
    fileprivate var isPassing: Bool { if case .retry = self { true } else { false } }
}

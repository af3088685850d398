internal import S3

/// What became of a batch: a fate for each version in its order, `nil` where it was not asked for.
struct BatchOutcome {
    var fates: [DeletionFate?]
    var stop: DeletionResult.Stop?
    /// Whether the server refused the batch and takes single deletions.
    var needsSingles = false

    init(count: Int) { fates = Array(repeating: nil, count: count) }
}

/// Sends one batch after another over one connection.
struct BatchSender {
    let client: Client
    let bucket: String
    let options: Deleter.Options

    /// Deletes versions with one request, those that fail in passing again and alone, and all of
    /// them singly where the server refuses the request as a whole.
    func sendTogether(_ versions: [ObjectVersion]) -> BatchOutcome {
        var outcome = BatchOutcome(count: versions.count)
        var pending = Array(versions.indices)
        var patience = Patience(client.retry)
        while !pending.isEmpty {
            let asked = pending.map { versions[$0] }
            do throws(S3Error) {
                let answer = try client.delete(asked, inBucket: bucket)
                take(answer, at: pending, &outcome)
                if outcome.stop != nil { return outcome }
            } catch {
                guard error.isRefusal else {
                    return failed(error, pending: pending, outcome)
                }
                return sendSingly(versions, pending: pending, after: error, outcome)
            }
            let refusals = pending.compactMap { outcome.fates[$0]?.passing }
            pending = pending.filter { outcome.fates[$0]?.passing != nil }
            guard wait(&patience, after: refusals) else { break }
        }
        askWhy(versions, &outcome)
        return outcome
    }

    /// Deletes singly what a batch denied without a word: Ceph says only to a single deletion
    /// that it is a lock. The first that is denied there too speaks for the rest.
    private func askWhy(_ versions: [ObjectVersion], _ outcome: inout BatchOutcome) {
        for place in versions.indices {
            guard case .failed(let why) = outcome.fates[place], why.isDenial, why.isWordless
            else { continue }
            if options.isStopped() { return }
            delete(versions[place], at: place, &outcome)
            if outcome.stop != nil { return }
            if case .failed(let why) = outcome.fates[place], why.isDenial { return }
        }
    }

    /// Deletes versions one request each.
    func sendSingly(_ versions: [ObjectVersion]) -> BatchOutcome {
        var outcome = BatchOutcome(count: versions.count)
        for place in versions.indices {
            if options.isStopped() { return outcome }
            delete(versions[place], at: place, &outcome)
            if outcome.stop != nil { return outcome }
        }
        return outcome
    }

    /// Takes an answer. Of one that shows a server doing something else than asked nothing is
    /// believed, the deletions it reports neither.
    private func take(
        _ answer: DeletionAnswer, at places: [Int], _ outcome: inout BatchOutcome
    ) {
        for (place, fate) in zip(places, answer.fates) {
            outcome.fates[place] = answer.stop == nil ? fate : .unknown
        }
        if let stop = answer.stop { outcome.stop = .untrustworthy(stop) }
    }

    /// The one try after a refused batch: where the first single deletion is refused too, and not
    /// for a lock, nothing more is asked for.
    private func sendSingly(
        _ versions: [ObjectVersion], pending: [Int], after refusal: S3Error,
        _ begun: BatchOutcome
    ) -> BatchOutcome {
        var outcome = begun
        for (turn, place) in pending.enumerated() {
            if turn > 0, options.isStopped() { return outcome }
            delete(versions[place], at: place, &outcome)
            if outcome.stop != nil { return outcome }
            if turn == 0, case .failed(let why) = outcome.fates[place], !why.isProtection {
                outcome.stop = why.isDenial ? .denied(why) : .error(refusal)
                return outcome
            }
        }
        outcome.needsSingles = refusal.concernsPermission
        return outcome
    }

    private func delete(_ version: ObjectVersion, at place: Int, _ outcome: inout BatchOutcome) {
        var patience = Patience(client.retry)
        while true {
            do throws(S3Error) {
                take(try client.delete(version, inBucket: bucket), at: [place], &outcome)
            } catch {
                outcome = failed(error, pending: [place], outcome)
                return
            }
            let refusals = [outcome.fates[place]?.passing].compactMap { $0 }
            guard wait(&patience, after: refusals) else { return }
        }
    }

    /// Ends a batch whose request failed: what it did is unknown where it may have arrived. What an
    /// earlier answer said holds where it did not.
    private func failed(
        _ error: S3Error, pending: [Int], _ begun: BatchOutcome
    ) -> BatchOutcome {
        var outcome = begun
        if error.effectUnknown { for place in pending { outcome.fates[place] = .unknown } }
        outcome.stop =
            error.cause == .cancelled ? .interrupted : .error(error)
        return outcome
    }

    /// Waits before the versions that were refused in passing are asked for once more; whether they
    /// are to be.
    private func wait(_ patience: inout Patience, after refusals: [DeletionFate.Refusal]) -> Bool {
        guard !refusals.isEmpty, !options.isStopped(),
            let seconds = patience.wait(after: refusals, random: options.random())
        else { return false }
        options.throttled()
        options.sleep(seconds)
        // The wait ends where a stop is asked for.
        return !options.isStopped()
    }
}

/// How long versions that a server refuses in passing are asked for again: five times, and where it
/// wants fewer requests as long as its client would wait for one of them.
private struct Patience {
    /// How often a version is asked for in all.
    private static let mostAttempts = 5

    private let retry: Retry
    private var attempts = 0
    private var counted = 0
    private var waited = 0.0

    init(_ retry: Retry) { self.retry = retry }

    /// Seconds to wait before the next attempt, or nil to give up.
    mutating func wait(after refusals: [DeletionFate.Refusal], random: Double) -> Double? {
        attempts += 1
        if !retry.forgivesThrottling || !refusals.allSatisfy(\.isThrottling) { counted += 1 }
        guard counted < Self.mostAttempts else { return nil }
        let wait = random * Retry.bound(attempt: attempts + 1)
        waited += wait
        return waited <= retry.maxWait ? wait : nil
    }
}

extension DeletionFate {
    /// Why the version was not deleted, in passing.
    fileprivate var passing: Refusal? { if case .retry(let why) = self { why } else { nil } }
}

extension DeletionFate.Refusal {
    /// Whether the message tells no more than the code.
    fileprivate var isWordless: Bool { message.isEmpty || message == code }
}

extension S3Error {
    /// Whether the server understood the request and will not have it, whoever asks again.
    fileprivate var isRefusal: Bool { cause == .answer && !isTransient }
}

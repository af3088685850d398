import Console
import Pruning

/// Shows how a listing goes on.
struct ListingProgress {
    private let line: ProgressLine
    private let bucket: String

    init(isQuiet: Bool, bucket: String) {
        line = ProgressLine(isQuiet: isQuiet)
        self.bucket = bucket
    }

    func show(_ done: PruneRun.Progress) {
        line.show { seconds in
            let rate = seconds > 0 ? Int(Double(done.versions) / seconds) : 0
            let locks =
                done.locksAsked > 0 ? ", \(Quantity.grouped(done.locksAsked)) asked for locks" : ""
            return "\(bucket): \(Quantity.count(done.versions, "version")) of "
                + "\(Quantity.count(done.keys, "key")), \(Quantity.count(done.pages, "page")), "
                + "\(Quantity.grouped(rate))/s\(locks)"
        }
    }

    func clear() { line.clear() }
}

import Console
import Pruning

/// How the deletions of a run went, over all its buckets.
struct RemovalTally {
    /// Why nothing more is deleted, in any bucket.
    struct End {
        /// What the reports of the buckets that are left say.
        var stop: DeletionResult.Stop
        var sentence: String { stop.sentence }

        init(_ stop: DeletionResult.Stop) { self.stop = stop }
    }

    /// Versions deleted so far.
    var deleted = 0
    /// Buckets that nothing was tried in.
    var skipped = 0
    /// Why nothing more is deleted.
    var end: End?
    /// What the buckets so far ended with, merged.
    private(set) var code = Console.ExitCode.done
    private var isReportLost = false

    /// Takes what a bucket ended with.
    mutating func merge(_ other: Console.ExitCode) { code = code.merged(with: other) }

    /// Says of a bucket that nothing is deleted there.
    mutating func refuse(_ plan: PlannedBucket, _ failure: Failure) {
        diagnostics.error(
            "\(plan.place): \(failure.message); nothing is deleted there", hint: failure.hint)
        merge(failure.code)
    }

    /// What was done could not be reported: nothing more is begun.
    mutating func loseReport() {
        isReportLost = true
        end = end ?? End(.unreadable("the report cannot be written"))
    }

    /// How the run ends: other codes than 5 and 4 say that nothing was deleted.
    var exitCode: Console.ExitCode {
        var code = code
        if deleted > 0, code != .unknown, code != .done || skipped > 0 { code = .partial }
        return isReportLost ? code.merged(with: .failed) : code
    }
}

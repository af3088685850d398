import Console
import Invocation
import PolicyFile
import Pruning
import S3

/// A plan that was made and printed, ready to be carried out.
struct PlannedBucket {
    let session: BucketSession
    let spool: DeletionSpool
    /// Keeps other runs away from the bucket while this value lives.
    let lock: RunLock

    /// The bucket and prefix, as messages name them.
    var place: String { session.policy.place }
}

/// Carries plans out: asks, deletes, says what was done.
struct Removal {
    let application: ApplyOptions
    let output: OutputOptions
    let interruption: Interruption

    /// Deletes what the plans name and merges how each ended.
    func run(_ plans: [PlannedBucket], report writer: ByteWriter) throws -> Console.ExitCode {
        var tally = RemovalTally()
        for plan in plans {
            if let refusal = plan.session.refusal { tally.refuse(plan, refusal) }
        }
        let ready = plans.filter { $0.session.refusal == nil && $0.spool.versions.count > 0 }
        guard !ready.isEmpty else { return tally.code }
        try confirm(ready)
        for plan in ready {
            if let end = tally.end {
                skip(plan, end, report: writer)
                tally.skipped += 1
            } else if let failure = failureOfVersioning(plan) {
                tally.refuse(plan, failure)
            } else {
                carryOut(plan, report: writer, &tally)
            }
        }
        return tally.exitCode
    }

    private func confirm(_ plans: [PlannedBucket]) throws {
        guard application.consents(to: question(plans), unless: interruption) else {
            if let ended = interruption.exitCode {
                throw Failure(ended, "interrupted; nothing was deleted")
            }
            throw Failure(.refused, "not confirmed; nothing was deleted")
        }
    }

    /// Why the bucket may not be deleted from by now: in one suspended since it was listed a
    /// version id, that of the null version, may mean another upload.
    private func failureOfVersioning(_ plan: PlannedBucket) -> Failure? {
        guard interruption.exitCode == nil else { return nil }
        do {
            try plan.session.requireVersions(toDelete: true)
            return nil
        } catch {
            // After a signal the deleter says that it was interrupted.
            return interruption.exitCode == nil ? Failure(error, of: S3Prune.self) : nil
        }
    }

    private func question(_ plans: [PlannedBucket]) -> String {
        let count = plans.reduce(0) { $0 + $1.spool.versions.count }
        let size = plans.reduce(Int64(0)) { $0.addingReportingOverflow($1.spool.versions.size).0 }
        let places = plans.map(\.place).joined(separator: ", ")
        return "delete \(Quantity.count(count, "version")) (\(Quantity.bytes(size))) of "
            + "\(places) for ever?"
    }

    /// Deletes what one plan names, and says how that ended.
    private func carryOut(
        _ plan: PlannedBucket, report writer: ByteWriter, _ tally: inout RemovalTally
    ) {
        let report = output.deletionReport(writer, of: plan.session.policy)
        var lost: (any Error)?
        let result = delete(plan) { remainder in
            do { if lost == nil { try report.add(remainder) } } catch { lost = error }
        }
        do { if lost == nil { try report.end(result) } } catch { lost = error }
        tally.deleted += result.deleted
        tally.merge(code(of: result))
        if let stop = result.stop {
            diagnostics.error(
                "\(plan.place): \(stop.sentence); \(result.sentence)", hint: stop.hint)
            if stop.isOfServer { tally.end = RemovalTally.End(stop) }
        }
        if let lost {
            let failure = Failure(lost, of: S3Prune.self)
            diagnostics.error(
                "\(plan.place): the report is lost: \(failure.message); \(result.sentence)",
                hint: failure.hint)
            tally.loseReport()
        }
    }

    private func delete(
        _ plan: PlannedBucket, remaining: (Deleter.Remainder) -> Void
    ) -> DeletionResult {
        let line = ProgressLine(isQuiet: output.quiet)
        let place = plan.place
        let total = plan.spool.versions.count
        let stop = interruption.stop
        var options = Deleter.Options(sleep: { stop.wait(seconds: $0) })
        options.concurrency = application.concurrency
        options.isStopped = { stop.isCancelled }
        options.progress = { done in
            line.show { Self.progress(place, done: done, total: total, seconds: $0) }
        }
        let deleter = Deleter(
            client: plan.session.patientClient, bucket: plan.session.policy.policy.bucket,
            options: options)
        defer { line.clear() }
        return deleter.run(plan.spool.versions, remaining: remaining)
    }

    /// Says of a bucket that nothing was tried there.
    private func skip(_ plan: PlannedBucket, _ end: RemovalTally.End, report writer: ByteWriter) {
        var result = DeletionResult(planned: plan.spool.versions.count)
        result.stop = end.stop
        diagnostics.error("\(plan.place): not tried: \(end.sentence); \(result.sentence)")
        // Where the report is what was lost, the line above stands alone.
        try? output.deletionReport(writer, of: plan.session.policy).end(result)
    }

    private static func progress(
        _ place: String, done: Int, total: Int, seconds: Double
    ) -> String {
        var text = "\(place): deleted \(Quantity.grouped(done)) of \(Quantity.grouped(total))"
        if done > 0, seconds > 0 {
            let left = Int((Double(total - done) / Double(done) * seconds).rounded(.up))
            text += ", \(left) s left"
        }
        return text
    }

    private func code(of result: DeletionResult) -> Console.ExitCode {
        let code = result.exitCode
        return code == .interrupted ? interruption.exitCode ?? code : code
    }
}

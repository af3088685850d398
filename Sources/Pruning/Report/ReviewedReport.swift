internal import CivilTime
public import Console

/// Says how much of a reviewed plan still holds after the bucket was listed again.
public final class ReviewedReport: PlanSink {
    private let output: ByteWriter
    private let reviewed: ReviewedPlan
    private let spool: DeletionSpool
    private var problems: [Problem] = []
    private var header: PlanHeader?
    private static let mostProblems = 200

    /// A report that goes to `output`, which the caller finishes; `spool` is what is deleted.
    public init(output: ByteWriter, reviewed: ReviewedPlan, spool: DeletionSpool) {
        self.output = output
        self.reviewed = reviewed
        self.spool = spool
    }

    /// Remembers when the bucket was listed.
    public func begin(_ header: PlanHeader) throws { self.header = header }

    /// Collects the problems of a key.
    public func add(_ key: KeyPlan) throws { for problem in key.problems { try add(problem) } }

    /// Collects a problem.
    public func add(_ problem: Problem) throws {
        if problems.count < Self.mostProblems { problems.append(problem) }
    }

    /// Prints the report.
    public func end(_ summary: PlanSummary) throws {
        let planned = reviewed.deletions.count
        let name = PrintableText.escape(reviewed.path)
        try output.write(
            wrapped(
                "\(reviewed.bucket): \(Quantity.grouped(spool.versions.count)) of the "
                    + "\(Quantity.count(planned, "planned deletion")) are still due, "
                    + Quantity.bytes(spool.versions.size), indent: 2))
        try output.write(
            wrapped(
                "plan \(name) of \(reviewed.now.rfc3339), listed again "
                    + (header?.now.rfc3339 ?? ""), indent: 2))
        if spool.spared > 0 {
            try output.write(
                wrapped(
                    "\(Quantity.count(spool.spared, "version is", "versions are")) kept or gone "
                        + "by now and left alone", indent: 2))
        }
        for problem in problems { try output.write(problem.text) }
        try output.flush()
    }
}

public import Console

/// The problems of a plan as JSON Lines, without the plan.
public final class ProblemLines: PlanSink {
    private let lines: JSONReport

    /// Lines that go to `output`, which the caller finishes.
    public init(output: ByteWriter) { lines = JSONReport(output: output) }

    /// Nothing is said of the start.
    public func begin(_ header: PlanHeader) throws {}

    /// Writes a `problem` line for each problem of the key.
    public func add(_ key: KeyPlan) throws { for problem in key.problems { try add(problem) } }

    /// Writes a `problem` line.
    public func add(_ problem: Problem) throws { try lines.add(problem) }

    /// Nothing is said of the end.
    public func end(_ summary: PlanSummary) throws {}
}

internal import CivilTime
public import PolicyFile
public import S3

/// One policy, one listing, one plan: the straight line from pages to sinks.
public struct PruneRun {
    /// How far a run is, for whoever shows it.
    public struct Progress: Sendable {
        /// Pages read.
        public var pages = 0
        /// Versions read.
        public var versions = 0
        /// Keys begun.
        public var keys = 0
        /// Versions that were asked for their locks.
        public var locksAsked = 0
    }

    private let policy: Policy
    private let sinks: [any PlanSink]
    private let expectedDeletes: Int?
    private let applied: DeletionSpool?
    private let progress: (Progress) -> Void
    /// Asked which versions are locked before they are let go; `nil` leaves that to the server.
    public var locks: LockInspector?

    /// A run that hands its plan to `sinks` and tells `progress` after each page. The limits are
    /// about the whole plan, or about what `applied`, one of the sinks, takes of it.
    public init(
        policy: Policy, sinks: [any PlanSink], expectedDeletes: Int? = nil,
        applied: DeletionSpool? = nil,
        progress: @escaping (Progress) -> Void = { _ in }
    ) {
        self.policy = policy
        self.sinks = sinks
        self.expectedDeletes = expectedDeletes
        self.applied = applied
        self.progress = progress
    }

    /// Reads the whole listing and makes the plan.
    ///
    /// `header` is asked for once, with the first page, since its date may be the run's `now`.
    /// Any fault of the listing ends the run before a sink sees the end of a plan.
    public func plan(
        _ source: inout some PageSource, header makeHeader: (VersionPage?) throws -> PlanHeader,
        problems: (PlanHeader) -> [Problem] = { _ in [] }
    ) throws -> PlanSummary {
        var page = try source.nextPage()
        let header = try makeHeader(page)
        let planner = Planner(
            policy: policy, header: header, sinks: sinks, expectedDeletes: expectedDeletes,
            locks: locks, applied: applied)
        var done = Progress()
        var grouper = KeyGrouper(prefix: policy.prefix, now: header.now) { [locks] versions in
            try planner.add(versions)
            guard let locks else { return }
            done.locksAsked = locks.asked
            progress(done)
        }
        try planner.begin()
        while let current = page {
            try grouper.add(current)
            done.pages += 1
            done.versions = grouper.versionCount
            done.keys = grouper.keyCount
            progress(done)
            page = try source.nextPage()
        }
        try grouper.finish()
        return try planner.end(problems: problems(header) + (locks?.problems ?? []))
    }
}

public import S3

/// What became of the versions that a run was to delete, in numbers.
public struct DeletionResult: Sendable {
    /// Versions that were to be deleted.
    public var planned = 0
    /// Versions that are gone.
    public var deleted = 0
    /// The bytes of those.
    public var bytesDeleted: Int64 = 0
    /// Versions that Object Lock protects.
    public var protected = 0
    /// Versions that these credentials may not delete.
    public var denied = 0
    /// Versions that the server did not delete for another reason.
    public var failed = 0
    /// Those of the failed that failed in passing each time: the server may delete them later.
    public var failedInPassing = 0
    /// Versions of which nobody could say whether they are gone.
    public var unknown = 0
    /// Versions that were not asked for because the run ended before.
    public var untried: Int { planned - deleted - protected - denied - failed - unknown }
    /// Why the run ended before all was asked for.
    public var stop: Stop?

    /// Why deletions ended early.
    public enum Stop: Sendable {
        /// A signal asked for it.
        case interrupted
        /// The server's answer shows that it does something else than asked.
        case untrustworthy(String)
        /// These credentials may not delete versions.
        case denied(DeletionFate.Refusal)
        /// A request failed.
        case error(S3Error)
        /// What is to be deleted could not be read any more.
        case unreadable(String)
    }

    /// Nothing deleted of so many versions.
    public init(planned: Int) { self.planned = planned }

    mutating func count(_ outcome: Outcome, size: Int64) {
        switch outcome {
        case .deleted:
            deleted += 1
            bytesDeleted = bytesDeleted.addingSaturated(size)
        case .refused(let refusal) where refusal.isProtection: protected += 1
        case .refused(let refusal) where refusal.isDenial: denied += 1
        case .refused: failed += 1
        case .unknown: unknown += 1
        }
    }

    /// What became of one version in the end.
    public enum Outcome: Sendable, Hashable {
        /// It is gone.
        case deleted
        /// It is there, and the server said why.
        case refused(DeletionFate.Refusal)
        /// Nobody knows.
        case unknown

        /// The word of reports: `protected`, `denied`, `failed`, `unknown`.
        public var word: String {
            switch self {
            case .deleted: "deleted"
            case .refused(let refusal) where refusal.isProtection: "protected"
            case .refused(let refusal) where refusal.isDenial: "denied"
            case .refused: "failed"
            case .unknown: "unknown"
            }
        }
    }
}

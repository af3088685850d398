public import CivilTime

/// What Object Lock says about a version.
public enum Lock: UInt8, Hashable, Sendable {
    /// Nothing is known to protect it.
    case none
    /// A retention period is running.
    case retention
    /// A legal hold is on.
    case legalHold
}

/// A version of one key, as far as retention looks at it: an object version or a delete marker.
public struct Version: Hashable, Sendable {
    // In this order the fields fill 24 bytes without a gap.

    /// When it was stored: `LastModified`.
    public var modified: Timestamp
    /// What Object Lock says about it.
    public var lock: Lock
    /// Whether it is a delete marker rather than an object version ("real").
    public var isMarker: Bool
    /// Whether it is the current version: `IsLatest`.
    public var isLatest: Bool
    /// Whether the policy pins it.
    public var isPinned: Bool
    /// Its size in bytes; 0 for a delete marker.
    public var size: Int64

    /// A version with everything that the rule asks about it.
    @inlinable
    public init(
        modified: Timestamp, size: Int64, isMarker: Bool = false, isLatest: Bool = false,
        lock: Lock = .none, isPinned: Bool = false
    ) {
        self.modified = modified
        self.lock = lock
        self.isMarker = isMarker
        self.isLatest = isLatest
        self.isPinned = isPinned
        self.size = size
    }
}

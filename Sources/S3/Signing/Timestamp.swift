/// An instant, in whole seconds: stands in until CivilTime has its own.
public struct Timestamp: Sendable, Hashable {
    /// Seconds since 1970-01-01T00:00:00Z.
    public var seconds: Int64
}

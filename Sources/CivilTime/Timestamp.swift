/// An instant in time, as exact as a listing states it.
///
/// Seconds are counted on the POSIX time scale (no leap seconds) from 1970-01-01T00:00:00Z. Every
/// instant that can be parsed lies in the years 0001 to 9999.
public struct Timestamp: Comparable, Hashable, Sendable {
    /// Whole seconds since 1970-01-01T00:00:00Z; negative before.
    public var seconds: Int64
    /// Nanoseconds after `seconds`: 0 ..< 1,000,000,000, also before 1970.
    public var nanoseconds: Int32

    /// An instant `nanoseconds` (0 ..< 1,000,000,000) after `seconds` since 1970.
    @inlinable
    public init(seconds: Int64, nanoseconds: Int32 = 0) {
        precondition(nanoseconds >= 0 && nanoseconds < 1_000_000_000, "nanoseconds out of range")
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// Whether the left instant is the earlier one.
    @inlinable
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.seconds != right.seconds
            ? left.seconds < right.seconds : left.nanoseconds < right.nanoseconds
    }

    /// Whether both are the same instant.
    @inlinable
    public static func == (left: Timestamp, right: Timestamp) -> Bool {
        left.seconds == right.seconds && left.nanoseconds == right.nanoseconds
    }

    /// The instant so many seconds later (earlier if negative); stops at the ends of `Int64`.
    public func advanced(bySeconds distance: Int64) -> Timestamp {
        let (sum, overflow) = seconds.addingReportingOverflow(distance)
        guard overflow else { return Timestamp(seconds: sum, nanoseconds: nanoseconds) }
        return Timestamp(seconds: distance < 0 ? .min : .max)
    }

    /// The last instant that RFC 3339 can write: one nanosecond before the year 10000.
    public static let last = Timestamp(seconds: 253_402_300_799, nanoseconds: 999_999_999)
}

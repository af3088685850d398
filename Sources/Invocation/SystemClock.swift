public import CivilTime
internal import Glibc

/// The machine's clock: everything below takes time as a parameter.
public enum SystemClock {
    /// The time of day.
    public static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec))
    }

    /// Waits so many seconds.
    public static func sleep(_ seconds: Double) {
        var wanted = timespec(
            tv_sec: Int(seconds), tv_nsec: Int((seconds - seconds.rounded(.down)) * 1e9))
        var rest = timespec()
        while nanosleep(&wanted, &rest) != 0, errno == EINTR { wanted = rest }
    }
}

internal import CProcess
internal import Glibc
internal import Synchronization

/// A way to end requests and waits from another thread, once and for all.
///
/// Every client and every wait that holds it ends within a millisecond of `cancel`.
public final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)
    /// Readable once cancelled.
    public let descriptor: Int32
    private let writeEnd: Int32

    /// A cancellation that has not happened.
    public init() {
        var ends: [Int32] = [-1, -1]
        // Without descriptors there is no connection either; the flag still works.
        _ = cprocess_pipe(&ends)
        descriptor = ends[0]
        writeEnd = ends[1]
    }

    deinit {
        close(descriptor)
        close(writeEnd)
    }

    /// Whether `cancel` was called.
    public var isCancelled: Bool { flag.load(ordering: .acquiring) }

    /// Ends what is going on, and everything begun later. Any thread may call it.
    public func cancel() {
        flag.store(true, ordering: .releasing)
        while write(writeEnd, "x", 1) == -1, errno == EINTR {}
    }

    /// Waits so many seconds, or until cancelled.
    public func wait(seconds: Double) {
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        var left = seconds * 1000
        let start = Monotonic.milliseconds()
        while left > 0, !isCancelled {
            if poll(&watched, 1, Int32(min(left.rounded(.up), 1e9))) > 0 { return }
            left = seconds * 1000 - Double(Monotonic.milliseconds() - start)
        }
    }
}

/// A clock that never steps: for how long nothing happened.
enum Monotonic {
    /// Milliseconds since some moment.
    static func milliseconds() -> Int { Int(nanoseconds() / 1_000_000) }

    /// Nanoseconds since that moment.
    static func nanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

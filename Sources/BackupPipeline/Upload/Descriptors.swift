internal import CProcess
internal import Glibc

/// A system's error in words, lowercase.
func systemWords(_ number: Int32) -> String { String(cString: strerror(number)).lowercased() }

/// Repeats a call of the system that a signal interrupted.
func retrying<Number: BinaryInteger>(_ call: () -> Number) -> Number {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}

/// A moment of the clock that never steps, until which a call of the system may wait.
struct Deadline {
    private let end: Int64?

    /// So many milliseconds from now; nil for ever.
    init(milliseconds: Int32?) { end = milliseconds.map { Self.now() + Int64($0) } }

    /// What is left, for `poll`.
    var millisecondsLeft: Int32 {
        guard let end else { return -1 }
        return Int32(clamping: max(0, end - Self.now()))
    }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}

/// What was waited for.
enum Readiness {
    case input, status, halted, timeout
}

/// Waits until one of these descriptors has something to read (or its other end is gone).
///
/// Negative descriptors are left out. Halting comes first, then the input, so that nothing that
/// was written before an end is lost.
func awaitReadable(
    input: Int32, status: Int32 = -1, halt: Int32, milliseconds: Int32?
) throws(InputError) -> Readiness {
    var watched = [
        pollfd(fd: halt, events: Int16(POLLIN), revents: 0),
        pollfd(fd: input, events: Int16(POLLIN), revents: 0),
        pollfd(fd: status, events: Int16(POLLIN), revents: 0),
    ]
    let deadline = Deadline(milliseconds: milliseconds)
    while true {
        let count = poll(&watched, 3, deadline.millisecondsLeft)
        if count == 0 { return .timeout }
        if count < 0 {
            if errno == EINTR { continue }
            throw InputError(subject: "input", code: .system("poll", errno: errno))
        }
        if watched[0].revents != 0 { return .halted }
        if watched[1].revents != 0 { return .input }
        return .status
    }
}

/// Reads from a descriptor, however often a signal interrupts it.
func readSome(
    _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, subject: String
) throws(InputError) -> Int {
    while true {
        let count = read(descriptor, buffer.baseAddress, buffer.count)
        if count >= 0 { return count }
        if errno != EINTR, errno != EAGAIN {
            throw InputError(subject: subject, code: .system("read", errno: errno))
        }
    }
}

/// Makes a pipe whose ends no child inherits.
func closingPipe(_ ends: inout [Int32]) -> Bool {
    cprocess_pipe(&ends) == 0
}

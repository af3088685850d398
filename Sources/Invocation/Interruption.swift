internal import CProcess
public import Console
internal import Glibc
public import S3
internal import Synchronization

/// SIGINT, SIGTERM and SIGHUP of this process, turned into requests to stop.
///
/// The first signal asks to stop (`stop`), the second to drop what is in flight (`abandon`), the
/// third ends the process at once. Child processes are not affected: they get the signals' usual
/// effects.
public final class Interruption: Sendable {
    /// Cancelled by the first signal.
    public let stop = Cancellation()
    /// Cancelled by the second signal.
    public let abandon = Cancellation()
    private let received = Atomic<Int32>(0)

    /// The first signal that came, or `nil`.
    public var signal: Int32? {
        let number = received.load(ordering: .acquiring)
        return number == 0 ? nil : number
    }

    /// How a program ends that a signal stopped; `nil` where none came.
    public var exitCode: ExitCode? {
        signal.map { $0 == SIGINT ? .interrupted : .terminated }
    }

    /// Takes over the three signals for the rest of the process; made once.
    ///
    /// Throws a `Failure` where the system gives no pipe or no thread: a run that no signal could
    /// end in order is not begun.
    public init() throws {
        var ends: [Int32] = [-1, -1]
        guard cprocess_pipe(&ends) == 0 else { throw Self.failure("pipe", errno) }
        signalPipe.store(ends[1], ordering: .releasing)
        try listen(to: ends[0])
        for number in [SIGINT, SIGTERM, SIGHUP] where !Self.isIgnored(number) {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = noteSignal
            action.sa_flags = SA_RESTART
            sigaction(number, &action, nil)
        }
    }

    /// Whether the parent asked for the signal to be ignored, as `nohup` does.
    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        sigaction(number, nil, &action)
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    private static func failure(_ call: String, _ number: Int32) -> Failure {
        Failure(
            .failed,
            "cannot listen to signals: \(call): "
                + String(cString: strerror(number)).lowercased())
    }

    private func listen(to descriptor: Int32) throws {
        let box = Unmanaged.passRetained(Listener(interruption: self, descriptor: descriptor))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { context in
                Unmanaged<Listener>.fromOpaque(context!).takeRetainedValue().run()
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            box.release()
            throw Self.failure("pthread_create", code)
        }
        pthread_detach(thread)
    }

    fileprivate func note(_ number: Int32) {
        // Not whether `stop` was cancelled: a run that fails cancels it, too.
        let isFirst = received.compareExchange(
            expected: 0, desired: number, ordering: .acquiringAndReleasing
        ).exchanged
        if isFirst {
            stop.cancel()
        } else if !abandon.isCancelled {
            abandon.cancel()
        } else {
            _exit(128 + number)
        }
    }
}

/// Where the handler writes; a handler may do little more than write.
private let signalPipe = Atomic<Int32>(-1)

private let noteSignal: @convention(c) (Int32) -> Void = { number in
    let saved = errno
    var byte = UInt8(truncatingIfNeeded: number)
    while write(signalPipe.load(ordering: .acquiring), &byte, 1) == -1, errno == EINTR {}
    errno = saved
}

/// Reads the signals' numbers on a thread of its own.
private final class Listener: Sendable {
    let interruption: Interruption
    let descriptor: Int32

    init(interruption: Interruption, descriptor: Int32) {
        self.interruption = interruption
        self.descriptor = descriptor
    }

    func run() {
        var byte: UInt8 = 0
        while true {
            let count = read(descriptor, &byte, 1)
            if count == 1 {
                interruption.note(Int32(byte))
            } else if count == 0 || errno != EINTR {
                return
            }
        }
    }
}

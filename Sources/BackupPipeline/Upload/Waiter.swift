internal import Glibc
internal import S3
internal import Synchronization

/// Waits for a child on a thread of its own and says so through a pipe, so that its end can be
/// waited for together with its output.
///
/// The child that has ended is kept until this goes: its number is that of its group, which may be
/// ended much later, and must not have become another's by then.
///
/// A child that stops because it wants the terminal gets it, where this process has it.
final class Waiter: Sendable {
    let process: pid_t
    /// Has an end when the child has ended.
    let ended: Int32
    private let ending: Int32
    private let result = Atomic<Int32>(0)
    private let terminal = Terminal()
    private let isRefused = Atomic<Bool>(false)

    init?(process: pid_t) {
        self.process = process
        var ends: [Int32] = [-1, -1]
        guard closingPipe(&ends) else { return nil }
        ended = ends[0]
        ending = ends[1]
        let waiter = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { context in
                Unmanaged<Waiter>.fromOpaque(context!).takeRetainedValue().run()
                return nil
            }, waiter.toOpaque())
        guard code == 0 else {
            waiter.release()
            return nil
        }
        pthread_detach(thread)
    }

    /// The thread holds this as long as it waits, so the child has ended.
    deinit {
        while waitpid(process, nil, 0) == -1, errno == EINTR {}
        close(ended)
    }

    /// The child's status as `waitpid` gives it, once it has ended.
    var status: Int32 { result.load(ordering: .acquiring) }

    /// Waits so long for the child's end; whether it came.
    func waits(milliseconds: Int32, orUntil haste: Cancellation? = nil) -> Bool {
        var watched = [
            pollfd(fd: ended, events: Int16(POLLIN), revents: 0),
            pollfd(fd: haste?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        let deadline = Deadline(milliseconds: milliseconds)
        _ = retrying { poll(&watched, 2, deadline.millisecondsLeft) }
        return watched[0].revents != 0
    }

    /// Whether the child wanted a terminal that could not be given to it; it was ended for that.
    var wasRefusedTerminal: Bool { isRefused.load(ordering: .acquiring) }

    /// Whether the child has the terminal, or had it at its end.
    var hasTerminal: Bool { terminal.isLent }

    /// Takes the terminal back from a child that goes on with its output: it asks no more, and
    /// whoever sits there means the upload by an interrupt.
    func takeTerminalBack() { terminal.takeBack() }

    private func run() {
        while true {
            var event = siginfo_t()
            if waitid(P_PID, id_t(process), &event, WEXITED | WSTOPPED | WNOWAIT) == -1 {
                if errno == EINTR { continue }
                break
            }
            let value = event._sifields._sigchld.si_status
            guard event.si_code == CLD_STOPPED else {
                terminal.restore(afterFailure: event.si_code != CLD_EXITED || value != 0)
                result.store(
                    event.si_code == CLD_EXITED ? value << 8 : value, ordering: .releasing)
                break
            }
            // Only what ends the child is to stay for others to wait for.
            _ = waitid(P_PID, id_t(process), &event, WSTOPPED | WNOHANG)
            stopped(by: value)
        }
        close(ending)
    }

    private func stopped(by signal: Int32) {
        switch signal {
        case SIGTTIN, SIGTTOU:
            if terminal.lend(to: process) { break }
            isRefused.store(true, ordering: .releasing)
            kill(-process, SIGKILL)
        case SIGTSTP where terminal.isLent:
            // Nobody would see that it waits to be continued.
            kill(-process, SIGCONT)
        default: break
        }
    }
}

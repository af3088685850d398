internal import CProcess
internal import Glibc
internal import Synchronization

/// The terminal that this process is run from, lent to a command that asks there for a password.
///
/// A command in a process group of its own belongs to the background: what it reads from the
/// terminal stops it. It is given the terminal then, if this process has it itself.
final class Terminal: Sendable {
    private struct State {
        var descriptor: Int32 = -1
        var modes = termios()
        var isLent = false
    }

    private let state = Mutex(State())

    deinit { state.withLock { if $0.descriptor >= 0 { close($0.descriptor) } } }

    /// Whether a command has it.
    var isLent: Bool { state.withLock { $0.isLent } }

    /// Makes a group the one that the terminal listens to, and continues it; false where there is
    /// no terminal, or it is another's.
    func lend(to group: pid_t) -> Bool {
        state.withLock { state in
            if state.descriptor < 0 {
                state.descriptor = retrying { open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC) }
                guard state.descriptor >= 0 else { return false }
                tcgetattr(state.descriptor, &state.modes)
            }
            let owner = tcgetpgrp(state.descriptor)
            guard owner == getpgrp() || owner == group,
                Self.give(state.descriptor, to: group)
            else { return false }
            state.isLent = true
            kill(-group, SIGCONT)
            return true
        }
    }

    /// Makes this process's group the one that the terminal listens to, if it was lent.
    func takeBack() {
        state.withLock { state in
            guard state.isLent else { return }
            state.isLent = !Self.give(state.descriptor, to: getpgrp())
        }
    }

    /// Takes it back after the command's end. One that failed may have left it without echo: its
    /// modes are again what they were.
    func restore(afterFailure isFailure: Bool) {
        state.withLock { state in
            guard state.descriptor >= 0 else { return }
            // Whether it was lent at the end still tells what an interrupt was meant for.
            if state.isLent { _ = Self.give(state.descriptor, to: getpgrp()) }
            guard isFailure, tcgetpgrp(state.descriptor) == getpgrp() else { return }
            tcsetattr(state.descriptor, TCSADRAIN, &state.modes)
        }
    }

    /// From the background this would stop whoever does it, but for a blocked SIGTTOU.
    private static func give(_ descriptor: Int32, to group: pid_t) -> Bool {
        var blocked = sigset_t()
        var before = sigset_t()
        sigemptyset(&blocked)
        sigaddset(&blocked, SIGTTOU)
        pthread_sigmask(SIG_BLOCK, &blocked, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        return retrying { tcsetpgrp(descriptor, group) } == 0
    }
}

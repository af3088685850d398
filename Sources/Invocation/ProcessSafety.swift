internal import CProcess
internal import Console
internal import FoundationEssentials
internal import Glibc

/// What a process does first, so that neither its memory nor its descriptors betray anything.
public enum ProcessSafety {
    /// The variables that hold secrets: no child gets them.
    private static let secrets = [
        "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    ]

    /// The environment that the program was started with, secrets included.
    public static let environment = ProcessInfo.processInfo.environment

    /// Writes no core, hides secrets from children, and makes sure that descriptors 0, 1 and 2 are
    /// taken.
    ///
    /// A file opened later under one of these numbers would get what is meant for a terminal.
    /// What stands in for a closed one fails at use: it opens for the other direction.
    ///
    /// Every program that is started from here on, by whichever command, gets an environment
    /// without the secrets: an agent of gpg keeps it as long as it lives. ``environment`` still has
    /// them; a `credential_process` gets them from there, as from the `aws` command.
    ///
    /// Signals that whoever started this had blocked come through: it would not be ended by any,
    /// nor would what it starts.
    public static func prepare() {
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
        _ = cprocess_hide_memory()
        _ = environment
        for name in secrets { unsetenv(name) }
        // What a stream took for its buffers must not add up over its length.
        _ = cprocess_return_large_blocks()
        for (number, mode) in [(0, O_WRONLY), (1, O_RDONLY), (2, O_RDONLY)]
        where fcntl(Int32(number), F_GETFD) == -1 {
            _ = retrying { open("/dev/null", mode) }
        }
    }
}

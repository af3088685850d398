/// How a program ended, as its caller sees it.
public enum ExitCode: Int32, Sendable, CaseIterable {
    /// Everything asked for was done.
    case done = 0
    /// It failed; nothing was committed or deleted beyond what is reported.
    case failed = 1
    /// Deletions are pending (only where asked for with `--exit-code`).
    case pending = 2
    /// A guard refused; nothing was deleted.
    case refused = 3
    /// A part was done, the rest is reported.
    case partial = 4
    /// Whether it took effect is not known; the report says how to find out.
    case unknown = 5
    /// Done, and problems were found.
    case problems = 6
    /// The command line is wrong.
    case usage = 64
    /// The other side or the network failed; trying again later may help.
    case temporary = 75
    /// Credentials or permissions are missing or wrong.
    case permission = 77
    /// A policy or the configuration is wrong.
    case configuration = 78
    /// Ended by SIGINT.
    case interrupted = 130
    /// Ended by SIGTERM.
    case terminated = 143

    /// Of two codes that both apply, the one to exit with.
    ///
    /// What became of the data comes first: 5, then 4. Then what ended the run early, and 3, 6,
    /// 2 and 0: these say that nothing was done.
    public func merged(with other: ExitCode) -> ExitCode {
        Self.precedence(self) <= Self.precedence(other) ? self : other
    }

    private static func precedence(_ code: ExitCode) -> Int {
        let order: [ExitCode] = [
            .unknown, .partial, .interrupted, .terminated, .usage, .refused, .permission,
            .configuration, .failed, .temporary, .problems, .pending, .done,
        ]
        return order.firstIndex(of: code) ?? 0
    }
}

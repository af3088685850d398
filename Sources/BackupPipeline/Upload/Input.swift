/// Where the bytes of an upload come from.
public protocol Input: AnyObject {
    /// Reads what is there into `buffer`, waiting for it; 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
    /// Called after the end was read: throws unless the input is known to be whole.
    func confirmEnd() throws
    /// Called instead where the upload is given up.
    func abandon()
}

/// Why an input cannot be trusted.
public struct InputError: Error, Hashable, CustomStringConvertible {
    /// What went wrong.
    public enum Code: Hashable, Sendable {
        /// A call of the system failed.
        case system(String, errno: Int32)
        /// The command could not be started.
        case notStarted(errno: Int32)
        /// The command ended with another status than 0.
        case exited(Int32)
        /// The command was ended by a signal.
        case killed(signal: Int32)
        /// The command has ended, but something that it started keeps its output open.
        case keptOpen
        /// Nothing came for so many seconds.
        case stalled(seconds: Int)
        /// The command wants to ask at a terminal, and there is none to give it.
        case wantsTerminal
        /// The command had the terminal, and was interrupted there.
        case interrupted
        /// The upload was told to stop.
        case halted
    }

    /// The command or `standard input`.
    public let subject: String
    /// What went wrong.
    public let code: Code

    /// The problem in words: lowercase, no final period.
    public var description: String {
        switch code {
        case .system(let call, let number): "\(subject): \(call): \(systemWords(number))"
        case .notStarted(let number): "\(subject): cannot be started: \(systemWords(number))"
        case .exited(let status): "\(subject): exited with status \(status)"
        case .killed(let signal): "\(subject): ended by signal \(signal)"
        case .keptOpen:
            "\(subject): it has ended, but something that it started keeps its output open"
        case .stalled(let seconds): "\(subject): nothing came for \(seconds) s"
        case .wantsTerminal: "\(subject): it wants to ask at a terminal that it cannot have"
        case .interrupted, .halted: "\(subject): interrupted"
        }
    }
}

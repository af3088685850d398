public import S3

/// The bytes of an open descriptor: standard input, as a shell's pipe gives it.
///
/// Its end is all that can be seen of the program at the other side: one that fails half way ends
/// the pipe as one that has finished does. That is why a command of its own is the safer input.
public final class StandardInput: Input {
    private let descriptor: Int32
    private let halt: Cancellation
    private let stallSeconds: Int?

    /// Reads from `descriptor` until its end, until `halt`, or until nothing comes for so long.
    public init(descriptor: Int32 = 0, halt: Cancellation, stallSeconds: Int? = nil) {
        self.descriptor = descriptor
        self.halt = halt
        self.stallSeconds = stallSeconds
    }

    /// Reads the next bytes.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let wait = stallSeconds.map { Int32(clamping: $0 * 1000) }
        switch try awaitReadable(input: descriptor, halt: halt.descriptor, milliseconds: wait) {
        case .halted: throw InputError(subject: "standard input", code: .halted)
        case .timeout:
            throw InputError(
                subject: "standard input", code: .stalled(seconds: stallSeconds ?? 0))
        default: return try readSome(descriptor, into: buffer, subject: "standard input")
        }
    }

    /// The end was read, and more cannot be known.
    public func confirmEnd() throws {}

    /// Nothing to end: the pipe closes with the process.
    public func abandon() {}
}

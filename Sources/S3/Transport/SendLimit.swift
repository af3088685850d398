internal import Synchronization

/// A bound on the bytes that all connections which share it send in a second, together.
///
/// It is kept on average: up to a tenth of a second's worth may leave at once.
public final class SendLimit: Sendable {
    /// The bound.
    public let bytesPerSecond: Int
    /// The moment, in nanoseconds, at which all that was handed out has had its time.
    private let paidUntil = Mutex<Int64>(.min)

    /// A bound of so many bytes, at least 1.
    public init(bytesPerSecond: Int) {
        precondition(bytesPerSecond > 0)
        self.bytesPerSecond = bytesPerSecond
    }

    /// What may be done now.
    enum Grant: Equatable {
        /// Send so many bytes, at least 1.
        case send(Int)
        /// Send nothing, and ask again after so many milliseconds.
        case wait(Int)
    }

    /// Takes some of `wanted` bytes for the caller, who sends them at once.
    func take(_ wanted: Int, atNanoseconds now: Int64) -> Grant {
        paidUntil.withLock { paidUntil in
            if paidUntil > now { return .wait(Int((paidUntil - now + 999_999) / 1_000_000)) }
            let count = min(wanted, largestPiece)
            // Time that nobody used is lost, but for one piece's worth.
            let begin = max(paidUntil, now - SendLimit.pieceNanoseconds)
            paidUntil =
                begin + Int64(Double(count) / Double(bytesPerSecond) * 1_000_000_000)
            return .send(count)
        }
    }

    private static let pieceNanoseconds: Int64 = 100_000_000

    /// A tenth of a second's worth.
    private var largestPiece: Int { max(1, bytesPerSecond / 10) }
}

/// A body that libcurl takes piece by piece, as the limit admits. Its callbacks find it behind
/// their pointer.
final class LimitedBody {
    private let body: UnsafeRawBufferPointer
    private let limit: SendLimit
    private var place = 0
    /// When to go on, in milliseconds of the monotonic clock; nil while bytes flow.
    private(set) var resumesAt: Int?

    init(_ body: UnsafeRawBufferPointer, _ limit: SendLimit) {
        self.body = body
        self.limit = limit
    }

    static func of(_ state: UnsafeMutableRawPointer?) -> LimitedBody {
        Unmanaged<LimitedBody>.fromOpaque(state.unsafelyUnwrapped).takeUnretainedValue()
    }

    /// Copies the next bytes into `room` and gives their number, 0 at the end; nil for a pause.
    func read(into room: UnsafeMutableRawBufferPointer) -> Int? {
        let wanted = min(room.count, body.count - place)
        guard wanted > 0 else { return 0 }
        switch limit.take(wanted, atNanoseconds: Monotonic.nanoseconds()) {
        case .wait(let milliseconds):
            resumesAt = Monotonic.milliseconds() + milliseconds
            return nil
        case .send(let count):
            room.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: body[place..<place + count]))
            place += count
            return count
        }
    }

    /// Begins again at `place`: libcurl replaces a connection that turns out closed by itself.
    func seek(to place: Int) -> Bool {
        guard (0...body.count).contains(place) else { return false }
        self.place = place
        return true
    }

    /// Whether the pause is over; it is, from then on.
    func resumes(at now: Int) -> Bool {
        guard let resumesAt, now >= resumesAt else { return false }
        self.resumesAt = nil
        return true
    }
}

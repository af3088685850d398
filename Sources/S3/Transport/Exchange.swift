internal import CCurl

/// One sending of a signed request.
struct Exchange {
    var request: SignedRequest
    /// The body; it outlives the exchange.
    var body = UnsafeRawBufferPointer(start: nil, count: 0)
    /// What takes the body of a success; without one it is collected.
    var receiver: Receiver?
    var transfer = TransferOptions()
}

/// What a request needs beyond the usual of its client.
public struct TransferOptions: Sendable {
    /// Milliseconds without a byte after which the exchange is given up; nil for the client's.
    public var stallMilliseconds: Int?
    /// Whether to open a connection of its own: libcurl sends a request silently again if a used
    /// connection turns out closed, which is wrong for a request that may work only once.
    public var needsFreshConnection = false
    /// Whether to let the server refuse before a body of more than 1 MiB is sent
    /// (`Expect: 100-continue`).
    public var asksBeforeSending = false
    /// How often the server may answer as if it had got other bytes before that is no chance any
    /// more but what it does.
    public var mostMismatches = 3
    /// The most bytes of a body that are collected.
    public var maximumBytes = 4 << 20

    /// The usual.
    public init() {}
}

/// What takes the body of a successful answer as it arrives.
///
/// Each may throw, which ends the exchange; `begin` is called again for each further attempt.
public struct Receiver {
    /// Called with status and headers, before the first byte.
    public var begin: (Answer) throws -> Void
    /// Called with the next bytes.
    public var receive: (UnsafeRawBufferPointer) throws -> Void
    /// Called when the body is whole.
    public var finish: (Answer) throws -> Void
    /// Whether, after a fault that may pass, the same request may be sent again; asked each time.
    public var mayBeginAgain: () -> Bool = { true }

    /// A receiver.
    public init(
        begin: @escaping (Answer) throws -> Void = { _ in },
        receive: @escaping (UnsafeRawBufferPointer) throws -> Void,
        finish: @escaping (Answer) throws -> Void = { _ in }
    ) {
        self.begin = begin
        self.receive = receive
        self.finish = finish
    }
}

/// How an exchange ended.
struct Outcome {
    /// Why there is no whole answer.
    enum Failure: Hashable {
        /// libcurl's code.
        case library(UInt32)
        /// No byte moved for this many milliseconds.
        case stalled(Int)
        case cancelled
        /// More of a body, or of headers, than is taken.
        case tooLarge
    }

    var answer: Answer
    var failure: Failure?
    /// libcurl's words where it failed.
    var message = ""
    /// Whether a byte of an answer came.
    var hasAnswer = false
    /// Whether the connection had served a request before.
    var wasReused = false
    /// Whether a byte of the request may have reached the server.
    var wasSent = false
    /// What the receiver threw.
    var receiverError: (any Error)?
    /// What the proxy answered that was asked for a way to the server; 0 without one.
    var proxyStatus = 0

    /// How an exchange ended that could not begin.
    static func unsent(_ failure: Failure) -> Outcome {
        Outcome(answer: Answer(status: 0, headers: []), failure: failure)
    }
}

public import CivilTime
internal import CCurl

/// Talks to one S3 endpoint: signs, sends, and tries again what may pass.
///
/// Blocking; one connection, so one thread at a time uses a client.
public final class Client {
    /// What may be set about sending.
    public struct Options {
        /// A file of certificate authorities instead of the system's.
        public var caBundle: String?
        /// How often a request is sent in all, at least 1.
        public var maxAttempts = 5
        /// Seconds without a byte after which an exchange is given up.
        public var stallSeconds = 60
        /// Milliseconds that a connection may take to open.
        public var connectMilliseconds = 10_000
        /// The `User-Agent` header.
        public var userAgent = "s3prune"
        /// Told about each request and answer, without secrets.
        public var debug: ((String) -> Void)?
        /// The local clock, which requests are signed with.
        public var clock: () -> Timestamp
        /// Numbers from 0 up to 1 for the spread of waits.
        public var random: () -> Double
        /// Waits so many seconds.
        public var sleep: (Double) -> Void

        /// Options with the standard limits.
        public init(
            clock: @escaping () -> Timestamp,
            random: @escaping () -> Double = { Double.random(in: 0..<1) },
            sleep: @escaping (Double) -> Void
        ) {
            self.clock = clock
            self.random = random
            self.sleep = sleep
        }
    }

    /// The server, with the region that requests are signed for.
    public private(set) var endpoint: Endpoint
    private var signer: Signer
    private let options: Options
    private let connection: Connection
    private var mayFollowRegion = true

    /// A client of an endpoint; nothing is sent yet.
    public init(endpoint: Endpoint, credentials: Credentials, options: Options) {
        self.endpoint = endpoint
        self.options = options
        signer = Signer(credentials: credentials, region: endpoint.region)
        connection = Connection(options: options)
    }

    /// Sends a request until it succeeds or cannot succeed.
    ///
    /// With `reader` the body of a success is handed over as it arrives; `restart` is called
    /// before each further attempt, and `finish` once the answer is whole: it may find it wanting.
    public func perform(
        _ request: Request, operation: String, body: [UInt8] = [],
        reader: ((UnsafeRawBufferPointer) throws -> Void)? = nil,
        restart: () -> Void = {}, finish: (Answer) throws -> Void = { _ in }
    ) throws(S3Error) -> Answer {
        var attempt = 0
        while true {
            attempt += 1
            do throws(S3Error) {
                return try send(request, operation, body, reader, finish)
            } catch {
                var error = error
                error.attempts = attempt
                restart()
                if try followsRegion(of: error) { continue }
                guard error.isTransient, attempt < options.maxAttempts else { throw error }
                wait(after: error, attempt: attempt)
            }
        }
    }

    private func send(
        _ request: Request, _ operation: String, _ body: [UInt8],
        _ reader: ((UnsafeRawBufferPointer) throws -> Void)?, _ finish: (Answer) throws -> Void
    ) throws(S3Error) -> Answer {
        let fault = Fault(operation: operation, resource: request.resource)
        let now = options.clock()
        let signed: SignedRequest
        do {
            signed = try signer.sign(request, to: endpoint, at: now)
        } catch {
            throw fault.error(.request, "InvalidRequest", "\(error)")
        }
        options.debug?("> \(signed)")
        var outcome = connection.exchange(signed, body: body, reader: reader)
        if outcome.code != CURLE_OK, outcome.wasReused, !outcome.hasAnswer {
            // The server had closed the idle connection: nothing of the request was looked at.
            outcome = connection.exchange(signed, body: body, reader: reader)
        }
        options.debug?(
            "< \(outcome.answer.status) \(outcome.answer.requestID ?? "")"
                + (outcome.code == CURLE_OK ? "" : " \(outcome.message)"))
        if let error = outcome.readerError { throw fault.error(reading: error, outcome.answer) }
        guard outcome.code == CURLE_OK else { throw fault.error(outcome) }
        guard (200..<300).contains(outcome.answer.status) else {
            throw fault.error(answer: outcome.answer, localClock: now, endpoint: endpoint)
        }
        do { try finish(outcome.answer) } catch {
            throw fault.error(reading: error, outcome.answer)
        }
        return outcome.answer
    }

    /// Takes over the region that the server names, once.
    private func followsRegion(of error: S3Error) throws(S3Error) -> Bool {
        guard mayFollowRegion, let region = error.region, region != endpoint.region,
            ["PermanentRedirect", "AuthorizationHeaderMalformed"].contains(error.code)
        else { return false }
        mayFollowRegion = false
        guard let moved = try? endpoint.moved(toRegion: region) else { throw error }
        endpoint = moved
        signer = Signer(credentials: signer.credentials, region: region)
        options.debug?("region \(region)")
        return true
    }

    /// Waits a random part of a time that doubles, or as long as the server asks.
    private func wait(after error: S3Error, attempt: Int) {
        let longest = min(20, 0.2 * Double(1 << min(attempt, 10)))
        let asked = Double(min(max(error.retryAfter ?? 0, 0), 60))
        options.sleep(max(asked, options.random() * longest))
    }
}

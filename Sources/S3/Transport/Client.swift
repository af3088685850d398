/// Talks to one S3 endpoint: signs, sends, and tries again what may pass.
///
/// Blocking; one connection, so one thread at a time uses a client. Plain http is spoken only
/// where the endpoint admits it; proxies are taken from `HTTPS_PROXY` and `NO_PROXY` as curl does.
public final class Client {
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

    /// A client for another thread: the same server, credentials and options, a connection of its
    /// own.
    public func another() -> Client {
        let client = Client(endpoint: endpoint, credentials: signer.credentials, options: options)
        client.mayFollowRegion = mayFollowRegion
        return client
    }

    /// Sends a request until it succeeds or cannot succeed, and gives the whole answer.
    ///
    /// `body` must agree with the request's payload and is sent from where it lies. A `receiver`
    /// takes the body of a success as it arrives. Throws `S3Error`: whatever is no success, and
    /// what the receiver throws.
    public func perform(
        _ request: Request, operation: String, body: UnsafeRawBufferPointer,
        receiver: Receiver? = nil, transfer: TransferOptions = TransferOptions()
    ) throws(S3Error) -> Answer {
        var attempt = 0
        var waited = 0.0
        var effectUnknown = false
        while true {
            attempt += 1
            do throws(S3Error) {
                return try send(request, operation, body, receiver, transfer)
            } catch {
                var error = error
                effectUnknown = effectUnknown || error.effectUnknown
                error.effectUnknown = effectUnknown
                error.attempts = attempt
                if followsRegion(of: error) { continue }
                let wait = options.retry.wait(
                    after: error, attempt: attempt, waited: waited, random: options.random())
                guard let wait else { throw error }
                options.debug?("* \(error.code): waiting \(wait) s")
                options.sleep(wait)
                waited += wait
                if options.cancellation?.isCancelled == true { throw error }
            }
        }
    }

    /// Sends a request with a body that is an array; see the other form.
    public func perform(
        _ request: Request, operation: String, body: [UInt8] = [], receiver: Receiver? = nil,
        transfer: TransferOptions = TransferOptions()
    ) throws(S3Error) -> Answer {
        // The array's own method would lose the type of the error.
        let result = body.withUnsafeBytes { bytes -> Result<Answer, S3Error> in
            do throws(S3Error) {
                return .success(
                    try perform(
                        request, operation: operation, body: bytes, receiver: receiver,
                        transfer: transfer))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private func send(
        _ request: Request, _ operation: String, _ body: UnsafeRawBufferPointer,
        _ receiver: Receiver?, _ transfer: TransferOptions
    ) throws(S3Error) -> Answer {
        let fault = Fault(operation: operation, resource: request.resource)
        let now = options.clock()
        let signed: SignedRequest
        do {
            signed = try signer.sign(withAccountHeaders(request), to: endpoint, at: now)
        } catch {
            throw fault.error(error)
        }
        let exchange = Exchange(request: signed, body: body, receiver: receiver, transfer: transfer)
        var outcome = perform(exchange)
        if outcome.diedOfIdleness, !transfer.needsFreshConnection {
            // The server had closed the idle connection: nothing of the request was looked at.
            outcome = perform(exchange)
        }
        if let error = outcome.receiverError { throw fault.error(reading: error, outcome.answer) }
        if let failure = outcome.failure { throw fault.error(failure, outcome) }
        guard (200..<300).contains(outcome.answer.status) else {
            throw fault.error(answer: outcome.answer, localClock: now, endpoint: endpoint)
        }
        return outcome.answer
    }

    private func perform(_ exchange: Exchange) -> Outcome {
        guard let debug = options.debug else { return connection.perform(exchange) }
        DebugText.lines(exchange).forEach(debug)
        let outcome = connection.perform(exchange)
        DebugText.lines(outcome).forEach(debug)
        return outcome
    }

    private func withAccountHeaders(_ request: Request) -> Request {
        var request = request
        if case .service = request.resource { return request }
        if let owner = options.expectedBucketOwner {
            request.headers.append(Header("x-amz-expected-bucket-owner", owner))
        }
        if options.requesterPays {
            request.headers.append(Header("x-amz-request-payer", "requester"))
        }
        return request
    }

    /// Takes over the region that the server names, once in the client's life.
    ///
    /// The host stays what it is, or is AWS's own for that region: a name that the answer gives is
    /// never contacted.
    private func followsRegion(of error: S3Error) -> Bool {
        guard mayFollowRegion, error.cause == .answer, let region = error.region,
            region != endpoint.region, Client.codesOfOtherRegion.contains(error.code),
            let moved = try? endpoint.moved(toRegion: region)
        else { return false }
        mayFollowRegion = false
        endpoint = moved
        signer = Signer(credentials: signer.credentials, region: region)
        options.debug?("* the bucket lies in \(region)")
        return true
    }

    /// `BadRequest` is what the answer to a HEAD, which has no body, comes down to.
    private static let codesOfOtherRegion: Set<String> = [
        "PermanentRedirect", "AuthorizationHeaderMalformed", "BadRequest",
    ]
}

extension Outcome {
    /// Whether a connection that had served before broke before the first byte of an answer.
    var diedOfIdleness: Bool {
        guard case .library = failure else { return false }
        return wasReused && !hasAnswer && receiverError == nil
    }
}

internal import CivilTime

/// Talks to one S3 endpoint: signs, sends, and tries again what may pass.
///
/// Blocking; one connection, so one thread at a time uses a client. Plain http is spoken only
/// where the endpoint admits it; proxies are taken from `HTTPS_PROXY` and `NO_PROXY` as curl does.
public final class Client {
    /// The server, with the region that requests are signed for.
    public private(set) var endpoint: Endpoint
    private var signer: Signer
    /// How often the credentials had been renewed that sign.
    private var renewals = 0
    let options: Options
    private let connection: Connection
    private var mayFollowRegion = true
    /// Called on the client's thread where the server asks for fewer requests.
    public var onThrottling: (() -> Void)?

    /// A client of an endpoint; nothing is sent yet.
    ///
    /// What goes to loopback goes past every proxy: it would leave the machine in plain text.
    public init(endpoint: Endpoint, credentials: Credentials, options: Options) {
        var options = options
        if endpoint.isLoopback { options.usesProxy = false }
        self.endpoint = endpoint
        self.options = options
        signer = Signer(credentials: credentials, region: endpoint.region)
        connection = Connection(options: options)
    }

    /// When a request that failed is sent again.
    public var retry: Retry { options.retry }

    /// Whose signature requests bear.
    public var credentials: Credentials { signer.credentials }

    /// A client for another thread: the same server, credentials and options, a connection of its
    /// own.
    public func another() -> sending Client { another(cancellation: options.cancellation) }

    /// As ``another()``, with requests that end by another cancellation, and other options where
    /// `change` changes them.
    public func another(
        cancellation: Cancellation?, change: (inout Options) -> Void = { _ in }
    ) -> sending Client {
        var options = options
        options.cancellation = cancellation
        change(&options)
        let client = Client(endpoint: endpoint, credentials: credentials, options: options)
        client.renewals = renewals
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
        var throttled = 0
        var waited = 0.0
        var past = Past()
        while true {
            attempt += 1
            do throws(S3Error) {
                var answer = try send(request, operation, body, receiver, transfer)
                answer.mayHaveActedTwice = past.isUnknown
                answer.mayHaveLeftOtherBytes = past.mismatches > 0
                return answer
            } catch {
                var error = past.taking(error, mostMismatches: transfer.mostMismatches)
                error.attempts = attempt
                if followsRegion(of: error) { continue }
                if error.isThrottling {
                    throttled += 1
                    onThrottling?()
                }
                if let receiver, !receiver.mayBeginAgain() { throw error }
                if renewsCredentials(after: error) { continue }
                let wait = options.retry.wait(
                    after: error, attempt: attempt, throttled: throttled, waited: waited,
                    random: options.random())
                guard let wait, !options.mayNotRepeat else { throw error }
                options.debug?("* \(error.code): waiting \(wait) s")
                pause(seconds: wait)
                waited += wait
                if options.mayNotRepeat { throw error }
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

    /// Waits between two attempts, until no other one may follow.
    func pause(seconds: Double) {
        if let sleep = options.sleep { return sleep(seconds) }
        let end = options.endOfRetries ?? options.cancellation ?? Cancellation()
        end.wait(seconds: seconds)
    }

    private func send(
        _ request: Request, _ operation: String, _ body: UnsafeRawBufferPointer,
        _ receiver: Receiver?, _ transfer: TransferOptions
    ) throws(S3Error) -> Answer {
        let fault = Fault(operation: operation, resource: request.resource)
        let now = options.clock()
        let signed: SignedRequest
        takeRenewedCredentials(at: now)
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

    /// Signs from now on with what the credentials were renewed to, if they were.
    private func takeRenewedCredentials(at now: Timestamp) {
        guard let renewal = options.renewal, !options.mayNotRepeat else { return }
        let current = renewal.current(at: now)
        guard current.number != renewals else { return }
        renewals = current.number
        signer = Signer(credentials: current.credentials, region: endpoint.region)
        options.debug?("* the credentials were renewed")
    }

    /// Whether a request that was refused for credentials that have ended can be signed anew.
    private func renewsCredentials(after error: S3Error) -> Bool {
        guard error.code == "ExpiredToken", error.cause == .answer, !options.mayNotRepeat,
            let renewal = options.renewal
        else { return false }
        return renewal.hasOthers(than: renewals, at: options.clock())
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
        signer = Signer(credentials: credentials, region: region)
        options.debug?("* the bucket lies in \(region)")
        return true
    }

    /// `BadRequest` is what the answer to a HEAD, which has no body, comes down to.
    private static let codesOfOtherRegion: Set<String> = [
        "PermanentRedirect", "AuthorizationHeaderMalformed", "BadRequest",
    ]
}

/// What the attempts of one request have left behind so far.
private struct Past {
    /// Whether one of them may have had its effect, unnoticed.
    var isUnknown = false
    /// How many of them the server answered as if it had got other bytes.
    var mismatches = 0

    /// Takes account of an attempt that failed; gives its error as it stands after all of them.
    mutating func taking(_ error: S3Error, mostMismatches: Int) -> S3Error {
        var error = error
        if error.isMismatch {
            mismatches += 1
            if mismatches >= mostMismatches { error.isTransient = false }
        } else {
            isUnknown = isUnknown || error.effectUnknown
        }
        error.effectUnknown = isUnknown || mismatches > 0
        return error
    }
}

extension Outcome {
    /// Whether a connection that had served before broke before the first byte of an answer.
    var diedOfIdleness: Bool {
        guard case .library = failure else { return false }
        return wasReused && !hasAnswer && receiverError == nil
    }
}

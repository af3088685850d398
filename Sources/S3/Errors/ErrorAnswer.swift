/// S3's `Error` document, or as much of it as the server sent.
///
/// ```xml
/// <Error>
///   <Code>NoSuchBucket</Code>
///   <Message>The specified bucket does not exist</Message>
///   <BucketName>acme</BucketName>
///   <RequestId>4442587FB7D0A2F9</RequestId>
///   <HostId>a1b2</HostId>
/// </Error>
/// ```
public struct ErrorAnswer: Hashable, Sendable {
    /// `Code`; empty if the server gave none.
    public var code: String
    /// `Message`; empty if the server gave none. The server's words: escape them.
    public var message: String
    /// `RequestId`.
    public var requestID: String?
    /// `HostId`.
    public var hostID: String?
    /// `Region`, unchecked: with `AuthorizationHeaderMalformed` the one to sign for.
    public var region: String?
    /// `ServerTime` of `RequestTimeTooSkewed`, as sent.
    public var serverTime: String?

    /// An answer from its parts.
    public init(
        code: String, message: String, requestID: String? = nil, hostID: String? = nil,
        region: String? = nil, serverTime: String? = nil
    ) {
        self.code = code
        self.message = message
        self.requestID = requestID
        self.hostID = hostID
        self.region = region
        self.serverTime = serverTime
    }

    /// Whether the code is one that passes: the same request may succeed later.
    public var isTransient: Bool { ErrorAnswer.transientCodes.contains(code) }

    /// Whether the code asks for fewer requests.
    public var isThrottling: Bool { ErrorAnswer.throttlingCodes.contains(code) }

    /// Source: AWS SDKs and Tools Reference Guide, "Retry behavior"; botocore's `_retry.json`.
    static let transientCodes: Set<String> = throttlingCodes.union([
        "InternalError", "InternalFailure", "InternalServerError", "ServiceUnavailable",
        "RequestTimeout", "RequestTimeoutException", "BadDigest",
    ])

    static let throttlingCodes: Set<String> = [
        "SlowDown", "SlowDownRead", "SlowDownWrite", "Throttling", "ThrottlingException",
        "ThrottledException", "RequestThrottled", "RequestThrottledException",
        "RequestLimitExceeded", "BandwidthLimitExceeded", "TooManyRequests",
        "TooManyRequestsException", "ProvisionedThroughputExceededException",
    ]
}

/// A request that did not succeed: which one, about what, and why.
public struct S3Error: Error, Sendable {
    /// Where the failure lies.
    public enum Cause: Sendable, Hashable {
        /// The server answered with an error.
        case answer
        /// No answer, or not all of it: name, connection, reset, stall.
        case connection
        /// The server could not prove who it is, or no safe protocol was found.
        case tls
        /// An answer came that cannot be accepted as one.
        case unacceptable
        /// The request could not be signed or sent as asked.
        case request
        /// `Cancellation.cancel()` was called.
        case cancelled
    }

    /// S3's name of the operation: `ListObjectVersions`.
    public var operation: String
    /// The bucket, if the operation is about one.
    public var bucket: String?
    /// The key, if the operation is about one; bytes as S3 stores them.
    public var key: [UInt8]?
    /// Where the failure lies.
    public var cause: Cause
    /// The status of the answer; nil if there was none.
    public var status: Int?
    /// S3's code, or one that says as much: `NotFound`, `ConnectionReset`, `MalformedListing`.
    public var code: String
    /// The error in words. It may be the server's: escape it wherever it is shown.
    public var message: String
    /// What cures it, where something is known.
    public var hint: String?
    /// `x-amz-request-id`.
    public var requestID: String?
    /// `x-amz-id-2`.
    public var hostID: String?
    /// The region that the server named; checked to be one.
    public var region: String?
    /// Whether the same request may succeed later.
    public var isTransient: Bool
    /// Whether the server asked for fewer requests.
    public var isThrottling: Bool = false
    /// Whether the request may have had its effect although it failed: it was sent, whole or in
    /// part, and no answer came.
    public var effectUnknown: Bool = false
    /// Whether the server confirmed other bytes than were sent.
    public var isMismatch: Bool = false
    /// Whether what was asked for is a delete marker, which has no bytes.
    public var isDeleteMarker: Bool = false
    /// Seconds that the server asks to wait: `Retry-After`.
    public var retryAfter: Double?
    /// How often the request was sent.
    public var attempts: Int = 1

    /// An error from its parts.
    public init(
        operation: String, bucket: String? = nil, key: [UInt8]? = nil, cause: Cause,
        status: Int? = nil, code: String, message: String, hint: String? = nil,
        isTransient: Bool = false
    ) {
        self.operation = operation
        self.bucket = bucket
        self.key = key
        self.cause = cause
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.isTransient = isTransient
    }

    /// Whether credentials or permissions are what is wrong: exit code 77.
    public var concernsPermission: Bool {
        status == 401 || status == 403 || S3Error.credentialCodes.contains(code)
    }

    private static let credentialCodes: Set<String> = [
        "AccessDenied", "AllAccessDisabled", "AuthorizationHeaderMalformed", "ExpiredToken",
        "InvalidAccessKeyId", "InvalidToken", "RequestTimeTooSkewed", "SignatureDoesNotMatch",
        "ProxyAuthenticationRequired", "TokenRefreshRequired", "AccountProblem", "NotSignedUp",
        "InvalidSecurity",
    ]
}

extension S3Error: CustomStringConvertible {
    /// `ListObjectVersions acme: AccessDenied: Access Denied (request id 4442587FB7D0A2F9)`
    public var description: String {
        var subject = bucket ?? ""
        if let key { subject += "/" + String(decoding: key, as: UTF8.self) }
        var text = subject.isEmpty ? operation : "\(operation) \(subject)"
        text += ": \(code)"
        if !message.isEmpty { text += ": \(message)" }
        if attempts > 1 { text += ", after \(attempts) attempts" }
        if let requestID { text += " (request id \(requestID))" }
        return text
    }
}

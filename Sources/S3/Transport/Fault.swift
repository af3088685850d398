internal import CCurl
internal import CivilTime

/// Makes the errors of one request.
struct Fault {
    let operation: String
    let resource: Request.Resource

    func error(
        _ cause: S3Error.Cause, _ code: String, _ message: String, hint: String? = nil,
        isTransient: Bool = false
    ) -> S3Error {
        let (bucket, key): (String?, [UInt8]?) =
            switch resource {
            case .service: (nil, nil)
            case .bucket(let bucket): (bucket, nil)
            case .object(let bucket, let key): (bucket, key)
            }
        return S3Error(
            operation: operation, bucket: bucket, key: key, cause: cause, code: code,
            message: message, hint: hint, isTransient: isTransient)
    }

    /// A request that could not be signed.
    func error(_ problem: RequestError) -> S3Error {
        var error = error(.request, "InvalidRequest", problem.description)
        error.hint = problem.hint
        return error
    }

    /// No answer, or not all of it.
    func error(_ failure: Outcome.Failure, _ outcome: Outcome) -> S3Error {
        var result: S3Error
        switch failure {
        case .cancelled: result = error(.cancelled, "Cancelled", "cancelled")
        case .stalled(let milliseconds):
            result = error(
                .connection, "Stalled", "no byte moved for \(milliseconds / 1000) s",
                isTransient: true)
        case .tooLarge:
            result = error(
                .unacceptable, "AnswerTooLarge", "the answer is larger than any to this request")
        case .library(let code): result = error(library: code, outcome)
        }
        result.status = outcome.hasAnswer ? outcome.answer.status : nil
        result.effectUnknown = outcome.wasSent
        return result
    }

    private func error(library code: UInt32, _ outcome: Outcome) -> S3Error {
        let code = CURLcode(rawValue: code)
        if Fault.isTLS(code, outcome.message) {
            var error = error(.tls, "TLSFailure", outcome.message)
            error.hint = "a server with an authority of its own needs --ca-bundle FILE"
            return error
        }
        if outcome.proxyStatus >= 300 { return error(proxy: outcome.proxyStatus) }
        if Fault.startCodes.contains(code), Descriptors.areScarce {
            return error(
                .request, "TooManyOpenFiles", "too many open files",
                hint: "raise the limit of open files (ulimit -n), or lower --concurrency")
        }
        if code == CURLE_OUT_OF_MEMORY || code == CURLE_FAILED_INIT {
            return error(.request, "OutOfMemory", "the system gives no memory for a connection")
        }
        var error = error(
            .connection, Fault.codes[code.rawValue] ?? "ConnectionFailure", outcome.message,
            isTransient: code != CURLE_UNSUPPORTED_PROTOCOL && code != CURLE_URL_MALFORMAT)
        if code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST {
            error.hint = "check --endpoint-url, the network and the proxy variables"
        }
        return error
    }

    /// A proxy that does not let the request through: it may be busy, or want a password.
    private func error(proxy status: Int) -> S3Error {
        let wantsPassword = status == 407
        return error(
            .connection, wantsPassword ? "ProxyAuthenticationRequired" : "ProxyRefused",
            "the proxy answered \(status); nothing reached the server",
            hint: wantsPassword
                ? "give the proxy's user and password in HTTPS_PROXY (http://user:password@host)"
                : "check HTTPS_PROXY and NO_PROXY", isTransient: !wantsPassword)
    }

    /// Whether the server failed to prove who it is. A handshake that breaks off is a broken
    /// connection.
    private static func isTLS(_ code: CURLcode, _ message: String) -> Bool {
        guard tlsCodes.contains(code) else { return false }
        let isBroken =
            message.contains("SSL_ERROR_SYSCALL") || message.contains("Connection reset")
            || message.contains("unexpected eof")
        return !(code == CURLE_SSL_CONNECT_ERROR && isBroken)
    }

    /// What a reader of the body found.
    func error(reading problem: any Error, _ answer: Answer) -> S3Error {
        if let problem = problem as? S3Error { return problem }
        guard let problem = problem as? ListingProblem else {
            return error(.unacceptable, "InvalidAnswer", "\(problem)")
        }
        var error = error(
            .unacceptable, problem.code.rawValue, problem.description,
            isTransient: problem.isTransient)
        if let inner = problem.answer, !inner.code.isEmpty {
            error.code = inner.code
            error.message = inner.message
        }
        error.status = answer.status
        error.requestID = problem.answer?.requestID ?? answer.requestID
        error.hostID = problem.answer?.hostID ?? answer["x-amz-id-2"]
        return error
    }

    /// An answer that is an error.
    func error(answer: Answer, localClock: Timestamp, endpoint: Endpoint) -> S3Error {
        let document = ErrorAnswer(body: answer.body)
        let code = document?.code ?? ""
        let transient = [429, 500, 502, 503, 504].contains(answer.status)
        var error = error(
            .answer, code.isEmpty ? Fault.code(of: answer.status) : code,
            document?.message ?? "the server answered \(answer.status) without saying why",
            isTransient: transient || document?.isTransient == true)
        error.status = answer.status
        error.requestID = answer.requestID ?? document?.requestID
        error.hostID = answer["x-amz-id-2"] ?? document?.hostID
        error.isThrottling =
            answer.status == 429 || document?.isThrottling ?? (answer.status == 503)
        error.retryAfter = answer.retryAfter
        // A server that asks for fewer requests has not looked at this one.
        error.effectUnknown = answer.status >= 500 && document?.isThrottling != true
        error.isDeleteMarker = answer["x-amz-delete-marker"] == "true"
        let region = answer["x-amz-bucket-region"] ?? document?.region
        if let region, Endpoint.isRegion(region) { error.region = region }
        if error.code == "RequestTimeTooSkewed" {
            let server = answer.date?.rfc3339 ?? document?.serverTime ?? "unknown"
            error.message =
                "the clocks disagree: here it is \(Timestamp(seconds: localClock.seconds).rfc3339), "
                + "at the server \(server)"
        }
        error.hint = hint(for: error)
        return error
    }

    private func hint(for error: S3Error) -> String? {
        switch error.code {
        case "RequestTimeTooSkewed": "set this machine's clock; S3 takes 15 minutes of difference"
        case "SignatureDoesNotMatch": "the secret key does not belong to the access key id"
        case "InvalidAccessKeyId": "the server does not know this access key id"
        case "ExpiredToken": "get new temporary credentials"
        case "NoSuchBucket": "check the bucket's name, the region and --endpoint-url"
        case "InvalidObjectState":
            "it lies in an archive: restore it there first (aws s3api restore-object)"
        case "PermanentRedirect", "AuthorizationHeaderMalformed": "name the region with --region"
        case _ where error.status == 403: permissionHint
        default: nil
        }
    }

    private var permissionHint: String? {
        Fault.permissions[operation].map { "the user needs \($0)" }
    }

    private static let permissions = [
        "AbortMultipartUpload": "s3:AbortMultipartUpload",
        "CompleteMultipartUpload": "s3:PutObject",
        "CreateMultipartUpload": "s3:PutObject",
        "CreateBucket": "s3:CreateBucket",
        "DeleteObject": "s3:DeleteObjectVersion",
        "DeleteObjects": "s3:DeleteObjectVersion",
        "GetBucketEncryption": "s3:GetEncryptionConfiguration on the bucket",
        "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration on the bucket",
        "GetBucketLocation": "s3:GetBucketLocation on the bucket",
        "GetBucketVersioning": "s3:GetBucketVersioning on the bucket",
        "GetObject": "s3:GetObject, and s3:GetObjectVersion for versions",
        "GetObjectLegalHold": "s3:GetObjectLegalHold",
        "GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration on the bucket",
        "GetObjectRetention": "s3:GetObjectRetention",
        "GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock on the bucket",
        "HeadObject": "s3:GetObject, and s3:GetObjectVersion for versions",
        "ListMultipartUploads": "s3:ListBucketMultipartUploads on the bucket",
        "ListObjectVersions": "s3:ListBucketVersions on the bucket",
        "ListParts": "s3:ListMultipartUploadParts",
        "PutBucketEncryption": "s3:PutEncryptionConfiguration on the bucket",
        "PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration on the bucket",
        "PutBucketVersioning": "s3:PutBucketVersioning on the bucket",
        "PutObject": "s3:PutObject",
        "PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock on the bucket",
        "UploadPart": "s3:PutObject",
    ]

    /// What to call an error without a code.
    private static func code(of status: Int) -> String {
        switch status {
        case 301, 308: "PermanentRedirect"
        case 302, 303, 307: "TemporaryRedirect"
        case 400: "BadRequest"
        case 401: "Unauthorized"
        case 403: "AccessDenied"
        case 404: "NotFound"
        case 405: "MethodNotAllowed"
        case 429: "TooManyRequests"
        case 500: "InternalError"
        case 503: "ServiceUnavailable"
        default: "HTTP\(status)"
        }
    }

    private static let tlsCodes = [
        CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
        CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
        CURLE_SSL_INVALIDCERTSTATUS,
    ]

    /// What a lack of descriptors comes down to.
    private static let startCodes = [
        CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY,
        CURLE_OUT_OF_MEMORY, CURLE_FAILED_INIT,
    ]

    private static let codes: [UInt32: String] = [
        CURLE_COULDNT_RESOLVE_HOST.rawValue: "UnknownHost",
        CURLE_COULDNT_RESOLVE_PROXY.rawValue: "UnknownProxy",
        CURLE_COULDNT_CONNECT.rawValue: "ConnectionRefused",
        CURLE_OPERATION_TIMEDOUT.rawValue: "Timeout",
        CURLE_GOT_NOTHING.rawValue: "NoAnswer",
        CURLE_RECV_ERROR.rawValue: "ConnectionReset",
        CURLE_SEND_ERROR.rawValue: "ConnectionReset",
        CURLE_PARTIAL_FILE.rawValue: "IncompleteAnswer",
    ]
}

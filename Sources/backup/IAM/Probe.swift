import S3

/// One right that is tried with the credentials at hand.
struct Probe {
    /// What the server makes of it.
    enum Verdict: Equatable {
        /// The request was admitted, even where it then failed for another reason.
        case allowed
        /// It was refused for lack of rights.
        case denied
        /// The server does not have this operation.
        case unsupported(String)
        /// It cannot be told, and why.
        case unclear(String)
    }

    /// The right, as policies name it.
    let action: String
    /// What it was tried on, where the action alone does not say it.
    let detail: String
    /// Whether the role has the right.
    let isExpected: Bool
    /// Tries it. Throws what says nothing about rights; `Unclear` where there is nothing to try on.
    let attempt: () throws -> Void

    init(
        _ action: String, _ detail: String = "", isExpected: Bool,
        attempt: @escaping () throws -> Void
    ) {
        self.action = action
        self.detail = detail
        self.isExpected = isExpected
        self.attempt = attempt
    }

    /// A right cannot be tried here.
    struct Unclear: Error {
        let reason: String
    }

    /// Tries the right. Throws where the credentials or the connection fail as such.
    func verdict() throws -> Verdict {
        do {
            try attempt()
            return .allowed
        } catch let error as Unclear {
            return .unclear(error.reason)
        } catch let error as S3Error {
            return try Self.verdict(of: error)
        }
    }

    /// A request that was made to fail was admitted if it failed for that reason.
    private static func verdict(of error: S3Error) throws -> Verdict {
        guard error.cause == .answer, let status = error.status,
            !codesOfOthers.contains(error.code)
        else { throw error }
        // With 400 a checksum or a document was refused that was made to be refused.
        if error.code == "BadDigest" { return .allowed }
        switch status {
        case 401: throw error
        case 403: return .denied
        case 405, 501: return .unsupported(error.code)
        case 400..<500 where status != 429: return .allowed
        default: return .unclear("\(error.code) (\(status))")
        }
    }

    /// What is wrong with the credentials, the region or the bucket, and not with a right.
    private static let codesOfOthers: Set<String> = [
        "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken",
        "TokenRefreshRequired", "RequestTimeTooSkewed", "AuthorizationHeaderMalformed",
        "PermanentRedirect", "NoSuchBucket",
    ]
}

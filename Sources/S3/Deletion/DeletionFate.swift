/// What became of one version that was to be deleted.
public enum DeletionFate: Hashable, Sendable {
    /// It is gone: deleted now, or before.
    case deleted
    /// It was not deleted and will not be by asking again.
    case failed(Refusal)
    /// It was not deleted, in passing.
    case retry(Refusal)
    /// The answer does not tell.
    case unknown

    /// Why a version was not deleted, in the server's words: escape them.
    public struct Refusal: Hashable, Sendable {
        /// S3's code.
        public var code: String
        /// S3's message.
        public var message: String
        /// The id of the request, for the server's people.
        public var requestID: String?

        /// A refusal.
        public init(code: String, message: String, requestID: String? = nil) {
            self.code = code
            self.message = message
            self.requestID = requestID
        }

        /// Whether Object Lock protects the version: retention or a legal hold. AWS says
        /// `AccessDenied` and "object protected by object lock", Ceph "forbidden by object lock",
        /// MinIO "WORM protected".
        public var isProtection: Bool {
            let words = message.lowercased()
            return code == "ObjectLocked" || words.contains("object lock")
                || words.contains("worm protected")
        }

        /// Whether the server wants fewer requests.
        public var isThrottling: Bool { ErrorAnswer(code: code, message: message).isThrottling }

        /// Whether the right to delete is missing.
        public var isDenial: Bool { code == "AccessDenied" && !isProtection }
    }

    init(code: String, message: String, requestID: String? = nil) {
        let refusal = Refusal(code: code, message: message, requestID: requestID)
        switch code {
        case "NoSuchVersion", "NoSuchKey": self = .deleted
        case _ where ErrorAnswer(code: code, message: message).isTransient: self = .retry(refusal)
        default: self = .failed(refusal)
        }
    }
}

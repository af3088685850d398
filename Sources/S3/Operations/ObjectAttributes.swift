/// What is stored with an object besides its bytes, fixed when its upload begins.
public struct ObjectAttributes: Sendable, Hashable {
    /// How the server encrypts what it stores.
    public struct Encryption: Sendable, Hashable {
        /// What holds the key.
        public enum Algorithm: String, Sendable, CaseIterable {
            /// S3 itself.
            case s3 = "AES256"
            /// The Key Management Service.
            case kms = "aws:kms"
            /// The Key Management Service, twice.
            case doubleKMS = "aws:kms:dsse"
        }

        /// What holds the key.
        public var algorithm: Algorithm
        /// The id or ARN of the key; nil for the account's own.
        public var keyID: String?

        /// An encryption.
        public init(_ algorithm: Algorithm, keyID: String? = nil) {
            self.algorithm = algorithm
            self.keyID = keyID
        }
    }

    /// `Content-Type`; nil leaves it to the server.
    public var contentType: String?
    /// `x-amz-meta-*` by name without that prefix; the server keeps names in lowercase. Printable
    /// ASCII, at most 2048 bytes in all.
    public var metadata: [String: String]
    /// `x-amz-storage-class`; nil for the server's standard.
    public var storageClass: String?
    /// `x-amz-server-side-encryption`; nil for what the bucket does.
    public var encryption: Encryption?
    /// `x-amz-tagging`: `name=value` joined with `&`, percent-encoded.
    public var tagging: String?

    /// Attributes; without more, what the server does by itself.
    public init(
        contentType: String? = nil, metadata: [String: String] = [:], storageClass: String? = nil,
        encryption: Encryption? = nil, tagging: String? = nil
    ) {
        self.contentType = contentType
        self.metadata = metadata
        self.storageClass = storageClass
        self.encryption = encryption
        self.tagging = tagging
    }

    /// Whether the entity tag of what is stored so can be its MD5.
    var hasMD5Tags: Bool { encryption.map { $0.algorithm == .s3 } ?? true }

    /// Throws what would be thrown when they are sent: for what a header cannot carry unchanged.
    public func check() throws(RequestError) { _ = try headers() }

    /// The headers that say all this. Throws for what a header cannot carry unchanged: S3 would
    /// store something else.
    func headers() throws(RequestError) -> [Header] {
        var headers = try metadataHeaders()
        if let contentType { headers.append(Header("Content-Type", contentType)) }
        if let storageClass { headers.append(Header("x-amz-storage-class", storageClass)) }
        if let encryption {
            headers.append(
                Header("x-amz-server-side-encryption", encryption.algorithm.rawValue))
            if let keyID = encryption.keyID {
                headers.append(Header("x-amz-server-side-encryption-aws-kms-key-id", keyID))
            }
        }
        if let tagging { headers.append(Header("x-amz-tagging", tagging)) }
        for header in headers where !ObjectAttributes.isCarried(header.value) {
            throw RequestError(
                subject: header.name,
                message: "the value is not printable ASCII, or begins or ends"
                    + " with a space")
        }
        return headers
    }

    private func metadataHeaders() throws(RequestError) -> [Header] {
        var names: Set<String> = []
        var size = 0
        for (name, value) in metadata {
            size += name.utf8.count + value.utf8.count
            guard names.insert(name.lowercased()).inserted else {
                throw RequestError(
                    subject: "metadata \(name)", message: "the name occurs twice: case is lost")
            }
        }
        guard size <= 2048 else {
            throw RequestError(
                subject: "metadata", message: "it has \(size) bytes, S3 admits 2048")
        }
        return metadata.sorted { $0.key < $1.key }.map {
            Header("x-amz-meta-\($0.key.lowercased())", $0.value)
        }
    }

    private static func isCarried(_ value: String) -> Bool {
        value.utf8.allSatisfy { (0x20..<0x7f).contains($0) } && !value.hasPrefix(" ")
            && !value.hasSuffix(" ")
    }
}

/// What a server says of an object that it has just stored.
public struct StoredObject: Sendable, Hashable {
    /// The new version; nil where the bucket keeps none, and where the server does not say.
    public var versionID: VersionID?
    /// The entity tag, without quotes; empty where the server does not say.
    public var etag: String
    /// The CRC64NVME that the server has, in Base64; nil where it does not say.
    public var crc64nvme: String?
    /// Whether an earlier attempt, whose answer was lost, may have stored the same bytes as a
    /// version of its own.
    public var mayHaveTwin: Bool
    /// Whether an earlier attempt may have stored other bytes, as an older version.
    public var mayHaveDamagedTwin = false
    /// Whether the answer is a second one, to a request that had its effect before: Ceph then names
    /// no version.
    public var isAnsweredAgain = false
}

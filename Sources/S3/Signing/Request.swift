/// One request to S3 before it has a host, a date or a signature.
///
/// The body is not part of it: what is signed of the body is its hash, `payload`.
public struct Request: Sendable {
    /// The methods that S3 knows.
    public enum Method: String, Sendable {
        case get = "GET", head = "HEAD", put = "PUT", post = "POST", delete = "DELETE"
    }

    /// What the request is about. An object is a case of its own, so that an empty key can never
    /// turn the deletion of an object into the deletion of its bucket: the signer refuses it.
    public enum Resource: Sendable, Hashable {
        /// The account: `ListBuckets`.
        case service
        /// A bucket, or what hangs on it.
        case bucket(String)
        /// One object. The key is bytes as S3 stores them, not percent-encoded, not normalized.
        case object(bucket: String, key: [UInt8])
    }

    /// How the body enters the signature.
    public enum Payload: Sendable, Hashable {
        /// No body: the hash of nothing.
        case empty
        /// The SHA-256 of the whole body, as 64 lowercase hex digits.
        case sha256(hex: String)
        /// The literal `UNSIGNED-PAYLOAD`, which S3 takes over TLS.
        case unsigned
    }

    /// The method.
    public var method: Method
    /// The bucket or object.
    public var resource: Resource
    /// The query, in any order; it is sorted where it is signed, and sent as signed.
    public var query: [QueryItem]
    /// Headers beyond those that the signer adds itself (`host`, `x-amz-date`,
    /// `x-amz-content-sha256`, `x-amz-security-token`, `authorization`). All are signed, apart
    /// from those that a proxy or libcurl may change (`user-agent`, `expect`, …).
    public var headers: [Header]
    /// How the body enters the signature.
    public var payload: Payload

    /// A request; without more it has no query, no headers and no body.
    public init(
        _ method: Method, _ resource: Resource, query: [QueryItem] = [], headers: [Header] = [],
        payload: Payload = .empty
    ) {
        self.method = method
        self.resource = resource
        self.query = query
        self.headers = headers
        self.payload = payload
    }
}

/// One `name=value` of a query, as bytes that are not percent-encoded yet.
public struct QueryItem: Sendable, Hashable {
    /// The name.
    public var name: [UInt8]
    /// The value; a subresource such as `versions` has an empty one and is sent as `versions=`.
    public var value: [UInt8]

    /// A pair of bytes.
    public init(name: [UInt8], value: [UInt8]) {
        self.name = name
        self.value = value
    }

    /// A pair of texts, by default without value: `QueryItem("versions")`.
    public init(_ name: String, _ value: String = "") {
        self.init(name: Array(name.utf8), value: Array(value.utf8))
    }

    /// A text and a value that is bytes: `QueryItem("key-marker", key)`.
    public init(_ name: String, _ value: [UInt8]) {
        self.init(name: Array(name.utf8), value: value)
    }
}

/// One header of a request or an answer.
public struct Header: Sendable, Hashable {
    /// The name, in any case.
    public var name: String
    /// The value, without line breaks.
    public var value: String

    /// A header.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

extension Header {
    /// The name in lowercase; most are written so.
    var lowercaseName: String {
        name.utf8.contains { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") }
            ? name.lowercased() : name
    }
}

public import CivilTime

/// What an HTML form may upload, and until when: a promise that S3 keeps for whoever has the
/// form, without any key of their own.
///
/// Exactly one object a request, at most 5 GiB, of a size in `contentLength`, which nobody may read
/// but who may read the bucket. Every field of the form is covered by a condition.
/// Source: Amazon S3 Developer Guide, "Browser-Based Uploads Using POST".
public struct POSTPolicy: Sendable {
    /// What the object may be called.
    public enum Key: Sendable, Hashable {
        /// This one key.
        case exact([UInt8])
        /// Any key that begins so; an empty prefix is refused.
        case prefix([UInt8])
    }

    /// Who may read the object beside those whom policies let. A form without one cannot be given
    /// another: fields that no condition covers are refused.
    public enum ACL: String, Sendable, Hashable, CaseIterable {
        /// Nobody.
        case `private`
        /// The bucket's owner. Buckets of AWS take no other since April 2023, unless they are set
        /// to use ACLs ("bucket owner enforced").
        case bucketOwnerFullControl = "bucket-owner-full-control"
    }

    /// The largest object that one POST can make: 5 GiB.
    public static let largestUpload: Int64 = 5 << 30

    /// The bucket.
    public var bucket: String
    /// What the object may be called.
    public var key: Key
    /// The size of the file in bytes, both ends included; within 0 ... 5 GiB.
    public var contentLength: ClosedRange<Int64>
    /// The field `acl`; nil for a form without it.
    public var acl: ACL?
    /// How long the form works, in seconds from its signing: 1 ... 604800.
    public var expires: Int
    /// Further fields with the one value that each may have, such as
    /// `("success_action_status", "201")` or `("x-amz-meta-host", "web1")`.
    public var fields: [(name: String, value: String)]

    /// A policy; without more it admits 1 byte to 5 GiB.
    public init(
        bucket: String, key: Key, contentLength: ClosedRange<Int64> = 1...largestUpload,
        acl: ACL? = .private, expires: Int, fields: [(name: String, value: String)] = []
    ) {
        self.bucket = bucket
        self.key = key
        self.contentLength = contentLength
        self.acl = acl
        self.expires = expires
        self.fields = fields
    }

    /// Why AWS may refuse uploads with this policy although it is right; nil if it will not.
    ///
    /// S3 compares a field whose value holds `$$` wrongly, however it is written in the policy.
    public var warning: String? {
        let texts = [Array(bucket.utf8), keyBytes] + fields.map { Array($0.value.utf8) }
        let dollars = Array("$$".utf8)
        guard texts.contains(where: { $0.firstRange(of: dollars) != nil }) else { return nil }
        return "AWS refuses forms whose fields hold $$; other servers take them"
    }

    var keyBytes: [UInt8] {
        switch key {
        case .exact(let bytes), .prefix(let bytes): bytes
        }
    }
}

/// A signed form: where it is posted, and the fields in the order in which they are sent. `file`
/// comes after all of them.
public struct POSTForm: Sendable {
    /// The URL of the bucket.
    public let url: String
    /// Name and value of every field but `file`. For a prefix, `key` holds the prefix: whoever
    /// uploads appends to it.
    public let fields: [(name: String, value: String)]
    /// When S3 stops taking the form.
    public let expiration: Timestamp
    /// The JSON that is signed, for reading.
    public let policy: String
}

extension Signer {
    /// Signs a form. A pure function: the same policy and date give the same bytes.
    ///
    /// Throws for a duration outside of 1 s ... 7 d, sizes outside of 0 ... 5 GiB, a key that is
    /// empty, longer than 1024 bytes, not UTF-8 or holds `${filename}`, and for a field that the
    /// form has already.
    public func sign(
        _ policy: POSTPolicy, to endpoint: Endpoint, at date: Timestamp
    ) throws(RequestError) -> POSTForm {
        try policy.check()
        let target = try endpoint.target(of: .bucket(policy.bucket))
        let expiration = Timestamp(seconds: date.seconds).advanced(
            bySeconds: Int64(policy.expires))
        let signingDate = SigningDate(date)
        var fields = policy.acl.map { [(name: "acl", value: $0.rawValue)] } ?? []
        fields += policy.fields
        fields.append(("x-amz-algorithm", Signer.algorithm))
        fields.append(
            ("x-amz-credential", "\(credentials.accessKeyID)/\(scope(signingDate.day))"))
        fields.append(("x-amz-date", signingDate.instant))
        if let token = credentials.sessionToken {
            fields.append(("x-amz-security-token", Signer.text(token)))
        }
        let json = policy.json(expiration: expiration, fields: fields)
        let text = Base64.encode(Array(json.utf8))
        fields.insert(("key", String(decoding: policy.keyBytes, as: UTF8.self)), at: 0)
        fields.append(("policy", text))
        fields.append(
            ("x-amz-signature", signature(ofText: Array(text.utf8), day: signingDate.day)))
        // S3 reads no more than this before the file.
        let size = fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
        guard size <= 20_480 else {
            throw RequestError(
                subject: "form", message: "its fields have \(size) bytes, S3 admits 20480")
        }
        return POSTForm(
            url: target.url(path: target.path), fields: fields, expiration: expiration,
            policy: json)
    }
}

extension POSTPolicy {
    fileprivate func check() throws(RequestError) {
        guard (1...604_800).contains(expires) else {
            throw RequestError(
                subject: "expires", message: "\(expires) s is not between 1 s and 604800 s (7 d)")
        }
        guard contentLength.lowerBound >= 0, contentLength.upperBound <= POSTPolicy.largestUpload
        else {
            throw RequestError(subject: "size", message: "a form uploads 0 bytes to 5 GiB")
        }
        try checkKey()
        var names: Set = ["key", "acl", "policy", "file", "bucket", "content-length-range"]
        for (name, value) in fields {
            let lowercase = name.lowercased()
            guard !lowercase.isEmpty, lowercase.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }),
                !lowercase.hasPrefix("$"), !lowercase.contains("\""),
                ![
                    "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-security-token",
                    "x-amz-signature",
                ].contains(lowercase), names.insert(lowercase).inserted
            else {
                throw RequestError(
                    subject: "field \"\(name)\"", message: "is no name, or in the form already")
            }
            guard !Self.holdsVariable(value.utf8) else {
                throw RequestError(
                    subject: "field \(name)", message: "S3 would replace ${filename} in it")
            }
        }
    }

    private func checkKey() throws(RequestError) {
        let bytes = keyBytes
        guard !bytes.isEmpty else {
            throw RequestError(subject: "key", message: "a form for every key is refused")
        }
        guard bytes.count <= 1024 else {
            throw RequestError(
                subject: "key", message: "the key has \(bytes.count) bytes, S3 admits 1024")
        }
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw RequestError(subject: "key", message: "the key is not UTF-8, forms must be")
        }
        guard !Self.holdsVariable(bytes) else {
            throw RequestError(subject: "key", message: "S3 would replace ${filename} in it")
        }
    }

    /// Whether the bytes of `${filename}` are in these, whatever mark combines with their last.
    private static func holdsVariable(_ bytes: some Collection<UInt8>) -> Bool {
        let variable = Array("${filename}".utf8)
        let bytes = Array(bytes)
        return bytes.indices.contains { bytes[$0...].starts(with: variable) }
    }

    /// The document that is signed: JSON, sent as Base64, so that no form encoding touches it.
    fileprivate func json(
        expiration: Timestamp, fields: [(name: String, value: String)]
    ) -> String {
        let key = JSONText.quoted(String(decoding: keyBytes, as: UTF8.self))
        var conditions = ["{\"bucket\":\(JSONText.quoted(bucket))}"]
        switch self.key {
        case .exact: conditions.append("{\"key\":\(key)}")
        case .prefix: conditions.append("[\"starts-with\",\"$key\",\(key)]")
        }
        conditions.append(
            "[\"content-length-range\",\(contentLength.lowerBound),\(contentLength.upperBound)]")
        for (name, value) in fields {
            conditions.append("{\(JSONText.quoted(name)):\(JSONText.quoted(value))}")
        }
        return "{\"expiration\":\(JSONText.quoted(expiration.rfc3339)),"
            + "\"conditions\":[\(conditions.joined(separator: ","))]}"
    }
}

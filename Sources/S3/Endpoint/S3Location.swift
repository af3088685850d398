/// What an operator writes as `s3://bucket/key`: a bucket, and a key or prefix in it.
public struct S3Location: Sendable, Hashable {
    /// The name of the bucket.
    public var bucket: String
    /// The key or prefix as bytes, empty for the bucket itself. Everything after the first slash
    /// belongs to it as written: nothing is decoded or normalized.
    public var key: [UInt8]

    /// A location from its parts. Throws for a name that is no bucket's.
    public init(bucket: String, key: [UInt8] = []) throws(RequestError) {
        try BucketName.check(bucket)
        self.bucket = bucket
        self.key = key
    }

    /// Reads `s3://bucket`, `s3://bucket/` or `s3://bucket/key`.
    ///
    /// Throws for anything else: another scheme, ARNs, directory buckets (`--x-s3`), keys over
    /// 1024 bytes, and text that was not UTF-8 (which arrives with U+FFFD in it).
    public init(_ text: String) throws(RequestError) {
        guard text.hasPrefix("s3://") else {
            if text.hasPrefix("arn:") {
                throw RequestError(
                    subject: text, message: "ARNs are not supported",
                    hint: "write s3://BUCKET/KEY")
            }
            throw RequestError(
                subject: "\"\(text)\"", message: "not an S3 location",
                hint: "write s3://BUCKET/KEY")
        }
        guard !text.unicodeScalars.contains("\u{FFFD}") else {
            throw RequestError(
                subject: "S3 location", message: "the key is not UTF-8, or holds U+FFFD")
        }
        let rest = Array(text.utf8.dropFirst(5))
        let bucket = rest.prefix { $0 != UInt8(ascii: "/") }
        let key = Array(rest.dropFirst(bucket.count + 1))
        guard key.count <= 1024 else {
            throw RequestError(
                subject: "S3 location", message: "the key has \(key.count) bytes, S3 admits 1024")
        }
        try self.init(bucket: String(decoding: bucket, as: UTF8.self), key: key)
    }

    /// Whether a key, and not only a bucket, is named.
    public var hasKey: Bool { !key.isEmpty }
}

extension S3Location: CustomStringConvertible {
    /// `s3://bucket/key`, as it was written.
    public var description: String { "s3://\(bucket)/\(String(decoding: key, as: UTF8.self))" }
}

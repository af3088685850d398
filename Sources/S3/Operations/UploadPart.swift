/// A part that the server has confirmed.
public struct SentPart: Sendable, Hashable {
    /// The part's number, 1 ... 10,000.
    public var number: Int
    /// The entity tag, without quotes.
    public var etag: String
    /// The size in bytes.
    public var size: Int64
    /// The checksum of its bytes, where the upload has checksums.
    public var crc: CRC64NVME?
}

extension Client {
    /// The most parts of an upload.
    public static let partsPerUpload = 10_000
    /// The fewest bytes of a part that is not the last one.
    public static let smallestPart: Int64 = 5 << 20
    /// The most bytes of a part.
    public static let largestPart: Int64 = 5 << 30

    /// Sends one part; needs `s3:PutObject`. Any client of the same server may send any part, in
    /// any order and, as it were, again: the later one replaces the earlier.
    ///
    /// The server gets SHA-256 and MD5 of the body, and a CRC64NVME if the upload has them; its
    /// entity tag must agree. `body` is sent from where it lies, for every attempt. Precondition:
    /// a number within 1 ... `partsPerUpload`.
    public func uploadPart(
        _ number: Int, of upload: OpenUpload, body: UnsafeRawBufferPointer
    ) throws(S3Error) -> SentPart {
        precondition((1...Client.partsPerUpload).contains(number))
        let resource = Request.Resource.object(bucket: upload.bucket, key: upload.key)
        let digests = BodyDigests(of: body, withCRC: upload.checksCRC)
        let request = Request(
            .put, resource,
            query: [
                QueryItem("partNumber", String(number)), QueryItem("uploadId", upload.id),
            ], headers: digests.headers, payload: digests.payload)
        let answer = try store(
            request, Fault(operation: "UploadPart", resource: resource), body: body,
            digests: digests, hasMD5Tag: upload.hasMD5Tags, transfer: TransferOptions())
        return SentPart(
            number: number, etag: unquoted(answer["etag"] ?? ""), size: Int64(body.count),
            crc: digests.crc)
    }
}

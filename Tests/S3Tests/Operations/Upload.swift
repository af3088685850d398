import FaultServer
import Foundation

@testable import S3

/// An upload to a fault server, and what S3 answers to one.
enum Upload {
    static let key = Array("db/m.sql.gz".utf8)

    static let open = open(checksCRC: false)

    static func open(checksCRC: Bool, hasMD5Tags: Bool = true) -> OpenUpload {
        OpenUpload(
            bucket: "bkt", key: key, id: "u+1", checksCRC: checksCRC, mayHaveTwin: false,
            hasMD5Tags: hasMD5Tags)
    }

    /// Bytes that differ from place to place.
    static func bytes(_ count: Int) -> [UInt8] {
        // The length of the pattern divides no size that matters.
        let pattern = (0..<4099).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        var bytes: [UInt8] = []
        while bytes.count < count { bytes += pattern }
        return Array(bytes.prefix(count))
    }

    /// Parts of one byte each.
    static func parts(_ count: Int, withCRC: Bool = false) -> [SentPart] {
        (1...count).map { number in
            SentPart(
                number: number, etag: "e\(number)", size: 1,
                crc: withCRC ? CRC64NVME(of: [UInt8(number)]) : nil)
        }
    }

    /// Confirms these bytes.
    static func stored(
        _ bytes: [UInt8], _ headers: [(name: String, value: String)] = []
    ) -> FaultServer.Reply {
        .init(headers: [("ETag", "\"\(Hex.encode(Digest.hash(bytes, .md5)))\"")] + headers)
    }

    /// Confirms whatever arrives.
    static func server() throws -> FaultServer { try FaultServer { stored($0.body) } }

    /// The answer to a completion.
    static func completed(
        key: String = "db/m.sql.gz", etag: String = "<ETag>\"ab-2\"</ETag>", more: String = "",
        version: String = "v9", space: String = ""
    ) -> FaultServer.Reply {
        .init(
            text: space + "<CompleteMultipartUploadResult><Location>x</Location>"
                + "<Bucket>bkt</Bucket><Key>\(key)</Key>\(etag)\(more)"
                + "</CompleteMultipartUploadResult>",
            headers: [("x-amz-version-id", version)])
    }
}

extension Rig {
    /// Sends part 7 of an upload.
    func sendPart(_ body: [UInt8], of upload: OpenUpload = Upload.open) throws -> SentPart {
        try body.withUnsafeBytes { try client.uploadPart(7, of: upload, body: $0) }
    }

    /// Puts an object.
    func putObject(
        _ body: [UInt8], _ attributes: ObjectAttributes = ObjectAttributes()
    ) throws -> StoredObject {
        try body.withUnsafeBytes {
            try client.putObject($0, key: Upload.key, bucket: "bkt", attributes: attributes)
        }
    }
}

/// The error that `work` ends with; nil if it succeeds.
func s3Error<Result>(_ work: () throws -> Result) -> S3Error? {
    do {
        _ = try work()
        return nil
    } catch {
        return error as? S3Error
    }
}

import CivilTime
import Foundation
import Testing

@testable import S3

/// One request, presigned URL or form of `fixtures/sigv4`, as botocore made it
/// (`scripts/make-sigv4-vectors.py`).
struct RepositoryVector: Decodable, CustomTestStringConvertible {
    var name: String
    var endpoint: String?
    var region: String
    var addressing: String
    var accessKey: String
    var secret: String
    var token: String?
    var moment: String
    var bucket: String?
    var key: String?
    var keyHex: String?
    var url: String
    var signature: String

    // Requests.
    var method: String?
    var query: [[String]]?
    var headers: [[String]]?
    var payloadHash: String?
    var canonicalRequest: String?
    var stringToSign: String?
    var authorization: String?

    // Presigned URLs and forms.
    var expires: Int?
    var prefix: Bool?
    var contentLength: [Int64]?
    var fields: [[String]]?
    var policyBase64: String?

    var testDescription: String { name }

    /// The vectors of one file.
    static func load(_ file: String) throws -> [RepositoryVector] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(
            [RepositoryVector].self,
            from: Data(contentsOf: root.appending(path: "fixtures/sigv4/\(file).json")))
    }

    var signer: Signer {
        Signer(
            credentials: Credentials(
                accessKeyID: accessKey, secretAccessKey: Secret(secret),
                sessionToken: token.map { Secret($0) }, source: "vector"),
            region: region)
    }

    func place() throws -> Endpoint {
        let addressing = try #require(Endpoint.Addressing(rawValue: addressing))
        guard let endpoint else { return try Endpoint(awsRegion: region, addressing: addressing) }
        return try Endpoint(url: endpoint, region: region, addressing: addressing)
    }

    var instant: Timestamp { Timestamp(rfc3339: moment) ?? Timestamp(seconds: 0) }

    var keyBytes: [UInt8]? {
        if let keyHex {
            let digits = Array(keyHex.utf8)
            return stride(from: 0, to: digits.count, by: 2).map {
                (Hex.value(digits[$0]) ?? 0) << 4 | (Hex.value(digits[$0 + 1]) ?? 0)
            }
        }
        return key.map { Array($0.utf8) }
    }

    var resource: Request.Resource {
        guard let bucket else { return .service }
        guard let keyBytes else { return .bucket(bucket) }
        return .object(bucket: bucket, key: keyBytes)
    }

    var request: Request {
        Request(
            Request.Method(rawValue: method ?? "") ?? .get, resource,
            query: (query ?? []).map { QueryItem($0[0], $0[1]) },
            headers: (headers ?? []).map { Header($0[0], $0[1]) },
            payload: payloadHash.map { .sha256(hex: $0) } ?? .empty)
    }

    /// The URL with its query in order, for comparing: botocore sends another order than it signs.
    static func ordered(_ url: String) -> [String] {
        let parts = url.split(separator: "?", maxSplits: 1).map(String.init)
        return [parts[0]]
            + (parts.count == 1 ? [] : parts[1].split(separator: "&").map(String.init))
            .map { $0.contains("=") ? $0 : $0 + "=" }.sorted()
    }
}

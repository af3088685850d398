import CivilTime
import Foundation
import Testing

@testable import S3

/// One line of a file of signing vectors: a request, and what every signer must make of it.
struct SigningVector: Decodable, CustomTestStringConvertible {
    var name: String
    var kind: String
    var appliesToS3: Bool?
    var method: String?
    var host: String?
    var path: String?
    var query: [[String]]?
    var headers: [[String]]?
    var payloadHash: String?
    var region: String
    var service: String
    var accessKey: String?
    var secret: String
    var token: String?
    var amzDate: String
    var expires: Int?
    var options: Options?
    var canonicalRequest: String?
    var stringToSign: String?
    var signature: String?
    var authorization: String?
    var signingKeyHex: String?
    var policyJson: String?
    var policyBase64: String?

    struct Options: Decodable {
        var omitSessionToken: Bool?
    }

    var testDescription: String { name }

    /// The vectors of a file; none if there is no file.
    static func load(_ path: String) throws -> [SigningVector] {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(
            [SigningVector].self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// A signer with the vector's key, and with its token unless the token is added later.
    var signer: Signer {
        let token = options?.omitSessionToken == true ? nil : token
        return Signer(
            credentials: Credentials(
                accessKeyID: accessKey ?? "none", secretAccessKey: Secret(secret),
                sessionToken: token.map { Secret($0) }, source: "vector"),
            region: region, service: service)
    }

    /// `amzDate` (`20260901T030000Z`) as an instant.
    var instant: Timestamp {
        let digits = amzDate.filter(\.isNumber).map(String.init)
        let parts = [0..<4, 4..<6, 6..<8, 8..<10, 10..<12, 12..<14].map { digits[$0].joined() }
        let text =
            parts[..<3].joined(separator: "-") + "T" + parts[3...].joined(separator: ":") + "Z"
        return Timestamp(rfc3339: text) ?? Timestamp(seconds: 0)
    }

    var date: SigningDate { SigningDate(instant) }

    /// What this signer makes of the vector, in the vector's own terms.
    func results() -> Results {
        let signer = signer
        let queryItems = (query ?? []).map { QueryItem($0[0], $0[1]) }
        let fields = (headers ?? []).map { Header($0[0], $0[1]) }
        switch kind {
        case "derive-key":
            let key = SigningKey.derive(
                secret: Secret(secret), day: date.day, region: region, service: service)
            return Results(signingKeyHex: Hex.encode(key))
        case "post-policy":
            let text = Base64.encode(Array((policyJson ?? "").utf8))
            return Results(
                stringToSign: text,
                signature: signer.signature(ofText: Array(text.utf8), day: date.day))
        case "query":
            let target = Target(
                scheme: .https, authority: host ?? "", path: Array((path ?? "").utf8))
            let (canonical, signature) = signer.presign(
                method: method ?? "", target: target, query: queryItems,
                headers: fields.filter { $0.name.lowercased() != "host" },
                payloadHash: payloadHash ?? "", at: date, expires: expires ?? 0)
            return Results(signer, canonical, signature, at: date, authorization: nil)
        default:
            let canonical = CanonicalRequest(
                method: method ?? "", path: Array((path ?? "").utf8), query: queryItems,
                headers: fields, payloadHash: payloadHash ?? "")
            let signature = signer.signature(of: canonical, at: date)
            return Results(
                signer, canonical, signature, at: date,
                authorization: signer.authorization(canonical, signature, at: date))
        }
    }

    /// What the vector demands.
    var expected: Results {
        Results(
            canonicalRequest: canonicalRequest, stringToSign: stringToSign, signature: signature,
            authorization: authorization, signingKeyHex: signingKeyHex)
    }

    struct Results: Equatable {
        var canonicalRequest: String?
        var stringToSign: String?
        var signature: String?
        var authorization: String?
        var signingKeyHex: String?
    }
}

extension SigningVector.Results {
    init(
        _ signer: Signer, _ canonical: CanonicalRequest, _ signature: String, at date: SigningDate,
        authorization: String?
    ) {
        canonicalRequest = String(decoding: canonical.text, as: UTF8.self)
        stringToSign = String(decoding: signer.stringToSign(canonical, at: date), as: UTF8.self)
        self.signature = signature
        self.authorization = authorization
    }
}

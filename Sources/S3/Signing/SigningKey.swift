internal import Synchronization

/// The signing key of one secret, region and service, kept for the day that it is valid.
///
/// Four HMACs derive it; one HMAC, with this key, signs. Shared by copies of a signer, also
/// between threads.
final class SigningKey: Sendable {
    private let secret: Secret
    private let region: String
    private let service: String
    private let cached = Mutex<Day?>(nil)

    private struct Day {
        var day: String
        var key: MessageAuthentication
    }

    init(secret: Secret, region: String, service: String) {
        self.secret = secret
        self.region = region
        self.service = service
    }

    /// The signature of `text` with the key of `day`, 32 bytes.
    func sign(_ text: [UInt8], day: String) -> [UInt8] {
        cached.withLock { cached in
            if let cached, cached.day == day { return cached.key.authenticate(text) }
            let key = MessageAuthentication(
                key: SigningKey.derive(secret: secret, day: day, region: region, service: service))
            cached = Day(day: day, key: key)
            return key.authenticate(text)
        }
    }

    /// Stage 3.1: HMAC over day, region, service and `aws4_request`, each keyed by the one before.
    static func derive(secret: Secret, day: String, region: String, service: String) -> [UInt8] {
        let prefix = Array("AWS4".utf8)
        let first = Secret(secret.withBytes { prefix + Array($0) })
        var key = first.withBytes { MessageAuthentication(key: $0) }.authenticate(Array(day.utf8))
        for part in [region, service, "aws4_request"] {
            key = MessageAuthentication(key: key).authenticate(Array(part.utf8))
        }
        return key
    }
}

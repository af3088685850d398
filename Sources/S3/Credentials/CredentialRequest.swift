internal import CivilTime
internal import FoundationEssentials

/// Asks a service for temporary credentials; nothing that it answers is quoted in an error but the
/// code and message of an `Error` document.
struct CredentialRequest {
    /// What is asked, for errors: `AssumeRole arn:aws:iam::1:role/r`.
    let subject: String
    let clock: @Sendable () -> Timestamp
    var caBundle: String?
    var usesProxy = true
    var attempts = 3
    var milliseconds = 10_000

    /// Sends a request until it gets an answer that is no fault of the server.
    func send(_ request: SignedRequest, body: [UInt8] = []) throws(ConfigurationError) -> Answer {
        // Attempts follow each other at once: whoever waits for these credentials does nothing else.
        var options = Client.Options(clock: clock, sleep: { _ in })
        options.caBundle = caBundle
        options.usesProxy = usesProxy
        options.connectMilliseconds = milliseconds
        options.stallMilliseconds = milliseconds
        let connection = Connection(options: options)
        var problem = ""
        for _ in 0..<attempts {
            let outcome = body.withUnsafeBytes {
                connection.perform(Exchange(request: request, body: $0))
            }
            if outcome.failure == nil, outcome.answer.status < 500 { return outcome.answer }
            problem =
                outcome.failure == nil
                ? "the server answered \(outcome.answer.status)"
                : outcome.message.isEmpty ? "no answer" : outcome.message
        }
        throw failure(problem)
    }

    func failure(_ message: String, hint: String? = nil) -> ConfigurationError {
        ConfigurationError(
            subject: subject, message: message, hint: hint, concernsCredentials: true)
    }

    /// Credentials as container endpoints and instance metadata print them.
    ///
    /// ```json
    /// {"AccessKeyId": "ASIA…", "SecretAccessKey": "…", "Token": "…",
    ///  "Expiration": "2026-11-23T09:00:00Z", "Code": "Success"}
    /// ```
    func credentials(json body: [UInt8]) throws(ConfigurationError) -> Credentials {
        struct Output: Decodable {
            var Code: String?
            var AccessKeyId: String?
            var SecretAccessKey: String?
            var Token: String?
            var Expiration: String?
        }
        guard let output = try? JSONDecoder().decode(Output.self, from: Data(body)) else {
            throw failure("the answer is no JSON of credentials")
        }
        guard output.Code == nil || output.Code == "Success" else {
            throw failure("the answer is \(output.Code ?? "")")
        }
        return try credentials(
            key: output.AccessKeyId, secret: output.SecretAccessKey, token: output.Token,
            expiration: output.Expiration)
    }

    /// Temporary credentials from their parts, none of which may be missing.
    func credentials(
        key: String?, secret: String?, token: String?, expiration: String?
    ) throws(ConfigurationError) -> Credentials {
        guard let key, let secret, let token,
            let end = expiration.flatMap({ Timestamp(rfc3339: $0) })
        else { throw failure("the answer lacks a part of the credentials") }
        guard end > clock() else { throw failure("the credentials ended at \(end.rfc3339)") }
        var found = Credentials(
            accessKeyID: key, secretAccessKey: Secret(secret), sessionToken: Secret(token),
            source: subject, expiration: end)
        found.isRenewable = true
        return try Configuration.checked(found, in: subject)
    }
}

internal import CivilTime
internal import FoundationEssentials

/// The `credential_process` of a profile: a command that prints credentials as JSON, version 1.
///
/// It gets no secrets in its arguments, an empty standard input, and the terminal's standard
/// error for questions and complaints; what it prints is never quoted in an error.
struct CredentialProcess {
    let command: String
    let origin: Origin
    let environment: [String: String]
    /// How long it may take; single sign-on in a browser takes its time.
    var timeoutSeconds = 60

    private struct Output: Decodable {
        var Version: Int
        var AccessKeyId: String?
        var SecretAccessKey: String?
        var SessionToken: String?
        var Expiration: String?
    }

    func credentials() throws(ConfigurationError) -> Credentials {
        guard let words = CredentialProcess.words(command), !words.isEmpty else {
            throw failure("an empty command, or a quote that is not closed")
        }
        let bytes: Secret
        do {
            bytes = try ChildProcess.output(
                of: words, environment: environment, limit: 1 << 16,
                timeoutSeconds: timeoutSeconds)
        } catch {
            throw failure("\(words[0]) \(error.message)")
        }
        let output = bytes.withBytes { try? JSONDecoder().decode(Output.self, from: Data($0)) }
        guard let output else { throw failure("\(words[0]) did not print JSON with a Version") }
        guard output.Version == 1 else {
            throw failure("\(words[0]) printed version \(output.Version), only 1 is known")
        }
        guard let key = output.AccessKeyId, let secret = output.SecretAccessKey else {
            throw failure("\(words[0]) printed no AccessKeyId or no SecretAccessKey")
        }
        let expiration = output.Expiration.flatMap { Timestamp(rfc3339: $0) }
        guard output.Expiration == nil || expiration != nil else {
            throw failure("\(words[0]) printed an Expiration that is no date of RFC 3339")
        }
        var found = Credentials(
            accessKeyID: key, secretAccessKey: Secret(secret),
            sessionToken: output.SessionToken.map { Secret($0) },
            source: "credential_process \(origin)", expiration: expiration)
        found.isRenewable = expiration != nil
        return try Configuration.checked(found, in: found.source)
    }

    private func failure(_ message: String) -> ConfigurationError {
        ConfigurationError(
            subject: "credential_process \(origin)", message: message, concernsCredentials: true)
    }

    /// Splits at white space as a shell does, with single quotes, double quotes and backslashes,
    /// but nothing is expanded. Nil if a quote is not closed.
    static func words(_ command: String) -> [String]? {
        var words = [String]()
        var word: String?
        var quote: Unicode.Scalar?
        var characters = command.unicodeScalars.makeIterator()
        while let character = characters.next() {
            if character == quote {
                quote = nil
            } else if character == "\\", quote != "'" {
                guard let next = characters.next() else { return nil }
                let kept = quote == "\"" && next != "\"" && next != "\\"
                word = (word ?? "") + (kept ? "\\" : "") + String(next)
            } else if quote != nil {
                word = (word ?? "") + String(character)
            } else if character == "'" || character == "\"" {
                quote = character
                word = word ?? ""
            } else if character.properties.isWhitespace {
                if let word { words.append(word) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        guard quote == nil else { return nil }
        return words + (word.map { [$0] } ?? [])
    }
}

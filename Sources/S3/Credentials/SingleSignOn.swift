internal import CivilTime
internal import FoundationEssentials

/// The credentials of a role that IAM Identity Center gives to who has signed on with
/// `aws sso login`, by the token that this left in `~/.aws/sso/cache`.
///
/// Source: IAM Identity Center Portal API Reference, GetRoleCredentials; AWS SDKs and Tools
/// Reference Guide, IAM Identity Center credential provider.
struct SingleSignOn {
    /// The `[sso-session NAME]` of the profile; older profiles have none.
    let session: String?
    let startURL: String
    let role: String
    let account: String
    /// The directory with the tokens.
    let cache: String
    let endpoint: Endpoint
    let profile: String
    let clock: @Sendable () -> Timestamp
    var caBundle: String?

    /// Asks for the role's credentials; throws where nobody has signed on, or too long ago.
    func credentials() throws(ConfigurationError) -> Credentials {
        let request = CredentialRequest(
            subject: "single sign-on as \(role) of account \(account)", clock: clock,
            caBundle: caBundle)
        let token = try token(request)
        var query = [UInt8]()
        for (name, value) in [("role_name", role), ("account_id", account)] {
            query.append(UInt8(ascii: query.isEmpty ? "?" : "&"))
            query.append(contentsOf: "\(name)=".utf8)
            PercentEncoding.append(value.utf8, keepingSlash: false, to: &query)
        }
        let answer = try request.send(
            SignedRequest(
                method: .get,
                url: endpoint.description + "/federation/credentials"
                    + String(decoding: query, as: UTF8.self),
                headers: [
                    Header("Accept", "application/json"), Header("x-amz-sso_bearer_token", token),
                ]))
        guard answer.status != 401 else {
            throw request.failure("the sign-on is not valid any more", hint: hint)
        }
        return try read(answer, request)
    }

    private var hint: String { "aws sso login --profile \(profile)" }

    // MARK: The token

    /// The file of the token, named by the SHA-1 of the session's name, or of the start URL.
    var tokenPath: String {
        let name = Hex.encode(Digest.hash(Array((session ?? startURL).utf8), .sha1))
        return "\(cache)/\(name).json"
    }

    /// ```json
    /// {"startUrl": "https://…", "region": "eu-central-1", "accessToken": "…",
    ///  "expiresAt": "2026-11-23T09:00:00Z", …}
    /// ```
    private func token(_ request: CredentialRequest) throws(ConfigurationError) -> String {
        struct Token: Decodable {
            var accessToken: String?
            var expiresAt: String?
        }
        guard let file = try FileContents.read(tokenPath) else {
            throw request.failure("nobody has signed on: there is no \(tokenPath)", hint: hint)
        }
        let found = file.bytes.withBytes { try? JSONDecoder().decode(Token.self, from: Data($0)) }
        guard let token = found?.accessToken, let end = found?.expiresAt,
            let instant = Self.instant(end), !token.isEmpty,
            token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else { throw request.failure("\(tokenPath) holds no token", hint: hint) }
        guard instant > clock() else {
            throw request.failure("the sign-on ended at \(instant.rfc3339)", hint: hint)
        }
        return token
    }

    /// The first versions of the `aws` command wrote `UTC` for `Z`.
    private static func instant(_ text: String) -> Timestamp? {
        Timestamp(rfc3339: text.hasSuffix("UTC") ? text.dropLast(3) + "Z" : text)
    }

    // MARK: The answer

    /// ```json
    /// {"roleCredentials": {"accessKeyId": "ASIA…", "secretAccessKey": "…", "sessionToken": "…",
    ///  "expiration": 1795165200000}}
    /// ```
    private func read(
        _ answer: Answer, _ request: CredentialRequest
    ) throws(ConfigurationError) -> Credentials {
        struct Output: Decodable {
            struct Role: Decodable {
                var accessKeyId: String?
                var secretAccessKey: String?
                var sessionToken: String?
                var expiration: Int64?
            }
            var roleCredentials: Role?
            var message: String?
        }
        let output = try? JSONDecoder().decode(Output.self, from: Data(answer.body))
        guard answer.status == 200 else {
            throw request.failure(
                "the server answered \(answer.status)" + (output?.message.map { ": \($0)" } ?? ""))
        }
        guard let found = output?.roleCredentials else {
            throw request.failure("the answer holds no credentials")
        }
        return try request.credentials(
            key: found.accessKeyId, secret: found.secretAccessKey, token: found.sessionToken,
            expiration: found.expiration.map { Timestamp(seconds: $0 / 1000).rfc3339 })
    }
}

extension Configuration {
    /// The single sign-on that a profile names; `nil` where it names none.
    func singleSignOn(
        _ found: SharedFiles.Profile, _ clock: @escaping @Sendable () -> Timestamp
    ) throws(ConfigurationError) -> SingleSignOn? {
        let names = ["sso_session", "sso_start_url", "sso_role_name", "sso_account_id"]
        guard let first = names.lazy.compactMap({ found[$0] }).first else { return nil }
        func refused(_ message: String) -> ConfigurationError {
            ConfigurationError(
                subject: "single sign-on, \(first.origin)", message: message,
                concernsCredentials: true)
        }
        let session = found["sso_session"]?.text
        let section = session.map { files.singleSignOn($0) }
        if let session, section?.isEmpty ?? true {
            throw refused("there is no section [sso-session \(session)]")
        }
        func value(_ name: String) throws(ConfigurationError) -> SharedFiles.Found {
            let own = found[name]
            guard let value = section?[name] ?? own else { throw refused("\(name) is missing") }
            guard own == nil || own?.text == value.text else {
                throw refused("\(name) is another one at \(value.origin)")
            }
            return value
        }
        let startURL = try value("sso_start_url").text
        let region = try value("sso_region")
        guard let role = found["sso_role_name"] else { throw refused("sso_role_name is missing") }
        guard let account = found["sso_account_id"] else {
            throw refused("sso_account_id is missing")
        }
        guard Endpoint.isRegion(region.text) else {
            throw refused("\"\(region.text)\" is not a region (\(region.origin))")
        }
        guard let home = environment["HOME"] else {
            throw refused("HOME is not set, so the token of the sign-on cannot be found")
        }
        return SingleSignOn(
            session: session, startURL: startURL, role: role.text, account: account.text,
            cache: "\(home)/.aws/sso/cache", endpoint: try portal(region.text),
            profile: found.name, clock: clock, caBundle: caBundle?.value)
    }

    /// The portal of a region, or the one that the environment names. A server that is named for
    /// all services (`AWS_ENDPOINT_URL`) does not get the token: here it is one for S3.
    private func portal(_ region: String) throws(ConfigurationError) -> Endpoint {
        let domain = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        return try Endpoint(
            url: environment["AWS_ENDPOINT_URL_SSO"] ?? "https://portal.sso.\(region).\(domain)",
            region: region)
    }
}

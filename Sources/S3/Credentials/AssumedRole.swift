internal import CivilTime

/// A role of the Security Token Service, taken on with other credentials or with the token of a
/// web identity.
///
/// Source: AWS Security Token Service API Reference, AssumeRole and AssumeRoleWithWebIdentity.
struct AssumedRole {
    let role: String
    let sessionName: String
    var externalID: String?
    var durationSeconds: Int?
    let endpoint: Endpoint
    let clock: @Sendable () -> Timestamp
    var caBundle: String?

    /// Takes the role on, signed by `source`; needs `sts:AssumeRole`.
    func credentials(from source: Credentials) throws(ConfigurationError) -> Credentials {
        var fields = common("AssumeRole")
        if let externalID { fields.append(("ExternalId", externalID)) }
        let body = form(fields)
        let request = request("AssumeRole")
        let signed: SignedRequest
        do throws(RequestError) {
            signed = try Signer(credentials: source, region: endpoint.region, service: "sts").sign(
                Request(.post, .service, headers: [formHeader], payload: .hashing(body)),
                to: endpoint, at: clock())
        } catch {
            throw request.failure("\(error)")
        }
        return try read(try request.send(signed, body: body), request, "AssumeRoleResult")
    }

    /// Takes the role on with the token of a web identity; nothing is signed.
    func credentials(webIdentity token: Secret) throws(ConfigurationError) -> Credentials {
        let request = request("AssumeRoleWithWebIdentity")
        let text = token.withBytes { String(decoding: $0, as: UTF8.self) }
        let body = form(
            common("AssumeRoleWithWebIdentity")
                + [("WebIdentityToken", text.filter { !$0.isWhitespace })])
        let unsigned = SignedRequest(
            method: .post, url: endpoint.description + "/", headers: [formHeader])
        return try read(
            try request.send(unsigned, body: body), request, "AssumeRoleWithWebIdentityResult")
    }

    private var formHeader: Header {
        Header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
    }

    private func request(_ action: String) -> CredentialRequest {
        CredentialRequest(
            subject: "\(action) \(role)", clock: clock, caBundle: caBundle,
            usesProxy: !endpoint.isLoopback)
    }

    private func common(_ action: String) -> [(String, String)] {
        var fields = [
            ("Action", action), ("Version", "2011-06-15"), ("RoleArn", role),
            ("RoleSessionName", sessionName),
        ]
        if let durationSeconds { fields.append(("DurationSeconds", String(durationSeconds))) }
        return fields
    }

    private func form(_ fields: [(String, String)]) -> [UInt8] {
        var body = [UInt8]()
        for (name, value) in fields {
            if !body.isEmpty { body.append(UInt8(ascii: "&")) }
            body.append(contentsOf: name.utf8)
            body.append(UInt8(ascii: "="))
            PercentEncoding.append(value.utf8, keepingSlash: false, to: &body)
        }
        return body
    }

    /// ```xml
    /// <AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
    ///   <AssumeRoleResult><Credentials>
    ///     <AccessKeyId>ASIA…</AccessKeyId><SecretAccessKey>…</SecretAccessKey>
    ///     <SessionToken>…</SessionToken><Expiration>2026-11-23T09:00:00Z</Expiration>
    ///   </Credentials></AssumeRoleResult>
    /// </AssumeRoleResponse>
    /// ```
    private func read(
        _ answer: Answer, _ request: CredentialRequest, _ result: String
    ) throws(ConfigurationError) -> Credentials {
        let tree = try? XMLTree(answer.body)
        guard answer.status == 200 else {
            guard let error = tree?["Error"], let code = error["Code"]?.text else {
                throw request.failure("the server answered \(answer.status)")
            }
            throw request.failure("\(code): \(error["Message"]?.text ?? "")")
        }
        guard let found = tree?[result]?["Credentials"] else {
            throw request.failure("the answer holds no credentials")
        }
        return try request.credentials(
            key: found["AccessKeyId"]?.text, secret: found["SecretAccessKey"]?.text,
            token: found["SessionToken"]?.text, expiration: found["Expiration"]?.text)
    }
}

internal import CivilTime

/// The credentials that a container or a virtual machine has from where it runs.
struct MachineCredentials {
    let environment: [String: String]
    let clock: @Sendable () -> Timestamp

    private static let containerHost = "http://169.254.170.2"
    /// Where plain http may go: addresses that never leave the machine.
    private static let plainHosts: Set<String> = [
        "169.254.170.2", "169.254.170.23", "fd00:ec2::23",
    ]

    /// Those of the container's endpoint (ECS, EKS); `nil` where the environment names none.
    func ofContainer() throws(ConfigurationError) -> Credentials? {
        guard let url = try containerURL() else { return nil }
        let request = CredentialRequest(
            subject: "container credentials", clock: clock, usesProxy: false, milliseconds: 2000)
        var headers = [Header("Accept", "application/json")]
        if let token = try containerToken(request) {
            headers.append(Header("Authorization", token))
        }
        let answer = try request.send(
            SignedRequest(method: .get, url: url, headers: headers))
        guard answer.status == 200 else {
            throw request.failure("the endpoint answered \(answer.status)")
        }
        return try request.credentials(json: answer.body)
    }

    private func containerURL() throws(ConfigurationError) -> String? {
        if let path = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] {
            return Self.containerHost + (path.hasPrefix("/") ? path : "/" + path)
        }
        let name = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
        guard let url = environment[name] else { return nil }
        let parts = try EndpointURL(String(url.prefix { $0 != "?" }))
        let isNear = HostName(parts.host).isLoopback || Self.plainHosts.contains(parts.host)
        guard parts.scheme == .https || isNear else {
            throw ConfigurationError(
                subject: name, message: "plain http may only go to this machine",
                concernsCredentials: true)
        }
        return url
    }

    private func containerToken(
        _ request: CredentialRequest
    ) throws(ConfigurationError) -> String? {
        let name = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
        var token = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
        if let path = environment[name] {
            guard let file = try FileContents.read(path) else {
                throw ConfigurationError(
                    subject: name, message: "names \(path), which does not exist",
                    concernsCredentials: true)
            }
            token = file.bytes.withBytes { String(decoding: $0, as: UTF8.self) }
            while token?.last?.isNewline == true { token?.removeLast() }
        }
        guard let token else { return nil }
        guard token.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) else {
            throw request.failure("the authorization token holds a special character")
        }
        return token
    }

    /// Those of the instance, by version 2 of its metadata service alone; `nil` where there is no
    /// such service or no role, or `AWS_EC2_METADATA_DISABLED` is `true`.
    func ofInstance() throws(ConfigurationError) -> Credentials? {
        guard environment["AWS_EC2_METADATA_DISABLED"]?.lowercased() != "true" else { return nil }
        let service = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? "http://169.254.169.254"
        let base = service.hasSuffix("/") ? String(service.dropLast()) : service
        let request = CredentialRequest(
            subject: "instance metadata", clock: clock, usesProxy: false, attempts: 1,
            milliseconds: 1000)
        let ask = SignedRequest(
            method: .put, url: base + "/latest/api/token",
            headers: [Header("x-aws-ec2-metadata-token-ttl-seconds", "21600")])
        // Elsewhere nobody answers at that address.
        guard let session = try? request.send(ask), session.status == 200,
            !session.body.isEmpty, session.body.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else { return nil }
        let token = String(decoding: session.body, as: UTF8.self)
        func get(_ path: String) throws(ConfigurationError) -> Answer {
            try request.send(
                SignedRequest(
                    method: .get, url: base + "/latest/meta-data/iam/security-credentials/" + path,
                    headers: [Header("x-aws-ec2-metadata-token", token)]))
        }
        let roles = try get("")
        guard roles.status == 200 else { return nil }
        let role = String(decoding: roles.body, as: UTF8.self).prefix { !$0.isNewline }
        guard !role.isEmpty else { return nil }
        let answer = try get(PercentEncoding.path(role.utf8))
        guard answer.status == 200 else {
            throw request.failure("no credentials for role \(role): status \(answer.status)")
        }
        return try request.credentials(json: answer.body)
    }
}

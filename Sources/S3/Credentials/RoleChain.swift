internal import CivilTime

extension Configuration {
    /// The role of the environment's web identity; `nil` where the environment names none.
    func webIdentityOfEnvironment(
        _ clock: @escaping @Sendable () -> Timestamp
    ) throws(ConfigurationError) -> Credentials? {
        guard let path = environment["AWS_WEB_IDENTITY_TOKEN_FILE"],
            let role = environment["AWS_ROLE_ARN"]
        else { return nil }
        let session = environment["AWS_ROLE_SESSION_NAME"]
        return try self.role(role, session: session, clock)
            .credentials(webIdentity: try token(path))
    }

    /// The role that a profile names: with a web identity, or with the credentials of another
    /// profile, of the environment, the container or the instance.
    func assumedRole(
        _ name: SharedFiles.Found, of profile: SharedFiles.Profile,
        _ clock: @escaping @Sendable () -> Timestamp, after: [String]
    ) throws(ConfigurationError) -> Credentials {
        func refused(_ message: String, hint: String? = nil) -> ConfigurationError {
            ConfigurationError(
                subject: "role_arn, \(name.origin)", message: message, hint: hint,
                concernsCredentials: true)
        }
        if let device = profile["mfa_serial"] {
            throw refused(
                "a role that asks for a second factor is not supported (\(device.origin))",
                hint: "aws configure export-credentials --format env prints keys for the "
                    + "environment")
        }
        var role = try self.role(name.text, session: profile["role_session_name"]?.text, clock)
        role.externalID = profile["external_id"]?.text
        if let duration = profile["duration_seconds"] {
            guard let seconds = Int(duration.text), (900...43_200).contains(seconds) else {
                throw refused("duration_seconds is 900 to 43200 (\(duration.origin))")
            }
            role.durationSeconds = seconds
        }
        if let path = profile["web_identity_token_file"] {
            return try role.credentials(webIdentity: try token(path.text))
        }
        if let source = profile["source_profile"] {
            return try role.credentials(
                from: try credentials(source: source, of: profile, clock, after: after))
        }
        guard let source = profile["credential_source"] else {
            throw refused(
                "the profile says not whose credentials take the role on",
                hint: "add source_profile = NAME, or credential_source = Environment, "
                    + "EcsContainer or Ec2InstanceMetadata")
        }
        let machine = MachineCredentials(environment: environment, clock: clock)
        let found: Credentials?
        switch source.text {
        case "Environment": found = try environmentCredentials()
        case "EcsContainer": found = try machine.ofContainer()
        case "Ec2InstanceMetadata": found = try machine.ofInstance()
        default:
            throw refused("credential_source \(source.text) is unknown (\(source.origin))")
        }
        guard let found else {
            throw refused("credential_source \(source.text) has no credentials")
        }
        return try role.credentials(from: found)
    }

    /// The credentials of a `source_profile`. A profile that names itself means its own keys;
    /// profiles that name each other in a circle are refused.
    private func credentials(
        source: SharedFiles.Found, of profile: SharedFiles.Profile,
        _ clock: @escaping @Sendable () -> Timestamp, after: [String]
    ) throws(ConfigurationError) -> Credentials {
        func refused(_ message: String) -> ConfigurationError {
            ConfigurationError(
                subject: "source_profile, \(source.origin)", message: message,
                concernsCredentials: true)
        }
        let found: Credentials?
        if source.text == profile.name {
            found = try profileCredentials(profile)
        } else if after.contains(source.text) {
            throw refused("the profiles name each other in a circle")
        } else {
            found = try credentials(ofProfile: source.text, clock, after: after)
        }
        guard let found else { throw refused("profile \(source.text) has no credentials") }
        return found
    }

    private func role(
        _ name: String, session: String?, _ clock: @escaping @Sendable () -> Timestamp
    ) throws(ConfigurationError) -> AssumedRole {
        AssumedRole(
            role: name, sessionName: session ?? "\(program)-\(clock().seconds)",
            endpoint: try tokenService(), clock: clock, caBundle: caBundle?.value)
    }

    /// The Security Token Service of the region, or the one that the environment names.
    private func tokenService() throws(ConfigurationError) -> Endpoint {
        let domain = region.value.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        let named = environment["AWS_ENDPOINT_URL_STS"] ?? environment["AWS_ENDPOINT_URL"]
        return try Endpoint(
            url: named ?? "https://sts.\(region.value).\(domain)", region: region.value)
    }

    private func token(_ path: String) throws(ConfigurationError) -> Secret {
        guard let file = try FileContents.read(path) else {
            throw ConfigurationError(
                subject: "web identity", message: "there is no file \(path)",
                concernsCredentials: true)
        }
        return file.bytes
    }
}

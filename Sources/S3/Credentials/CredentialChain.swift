public import CivilTime

extension Configuration {
    /// Finds the credentials, in the order of AWS's own tools:
    ///
    /// 1. `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, unless `--profile` was given;
    /// 2. the role of `AWS_ROLE_ARN` for the token in `AWS_WEB_IDENTITY_TOKEN_FILE`, likewise;
    /// 3. the profile: its role, its single sign-on, its keys, in the credentials file before the
    ///    configuration file, its `credential_process`;
    /// 4. the container's endpoint, if the environment names one;
    /// 5. the instance's metadata service.
    ///
    /// Where a profile names a role or a sign-on, another key that happens to lie around is never
    /// taken instead. Roles, sign-ons, containers and instances are asked over the network, at the
    /// time of `clock`.
    ///
    /// Throws for half a key and for no key at all; the errors concern credentials (exit code 77).
    public func credentials(
        clock: @escaping @Sendable () -> Timestamp
    ) throws(ConfigurationError) -> Credentials {
        let isOption = if case .option = profile.origin { true } else { false }
        if !isOption {
            if let found = try environmentCredentials() { return found }
            if let found = try webIdentityOfEnvironment(clock) { return found }
        }
        if let found = try credentials(ofProfile: profile.value, clock, after: []) { return found }
        let machine = MachineCredentials(environment: environment, clock: clock)
        if let found = try machine.ofContainer() { return found }
        if let found = try machine.ofInstance() { return found }
        throw nothingFound()
    }

    /// What a profile says; `nil` if it says nothing of credentials.
    func credentials(
        ofProfile name: String, _ clock: @escaping @Sendable () -> Timestamp, after: [String]
    ) throws(ConfigurationError) -> Credentials? {
        let found = files.profile(name)
        if let role = found["role_arn"] {
            return try assumedRole(role, of: found, clock, after: after + [name])
        }
        if let property = found["login_session"] {
            throw Configuration.unsupported("aws login", "login_session, \(property.origin)")
        }
        if let signOn = try singleSignOn(found, clock) { return try signOn.credentials() }
        if let credentials = try profileCredentials(found) { return credentials }
        guard let command = found["credential_process"] else { return nil }
        return try CredentialProcess(
            command: command.text, origin: command.origin, environment: environment
        ).credentials()
    }

    func environmentCredentials() throws(ConfigurationError) -> Credentials? {
        let names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        let key = environment[names.0]
        let secret = environment[names.1]
        if key == nil, secret == nil { return nil }
        guard let key, let secret else {
            let (set, unset) = key == nil ? (names.1, names.0) : names
            throw Configuration.refused("environment", "\(set) is set, \(unset) is not")
        }
        let end = environment["AWS_CREDENTIAL_EXPIRATION"]
        let expiration = end.flatMap { Timestamp(rfc3339: $0) }
        guard end == nil || expiration != nil else {
            throw Configuration.refused(
                "environment", "AWS_CREDENTIAL_EXPIRATION is no date of RFC 3339")
        }
        let token = environment["AWS_SESSION_TOKEN"] ?? environment["AWS_SECURITY_TOKEN"]
        return try Configuration.checked(
            Credentials(
                accessKeyID: key, secretAccessKey: Secret(secret),
                sessionToken: token.map { Secret($0) },
                source: Origin.environment(names.0).description, expiration: expiration),
            in: "environment")
    }

    func profileCredentials(
        _ found: SharedFiles.Profile
    ) throws(ConfigurationError) -> Credentials? {
        let key = found["aws_access_key_id"]
        let secret = found["aws_secret_access_key"]
        if key == nil, secret == nil { return nil }
        guard let key, let secret else {
            let missing = key == nil ? "aws_access_key_id" : "aws_secret_access_key"
            let origin = (key ?? secret)?.origin ?? .standard
            throw Configuration.refused("\(origin)", "\(missing) is missing from the profile")
        }
        guard key.file.path == secret.file.path else {
            throw Configuration.refused(
                "\(key.origin)", "the secret key stands in another file: \(secret.origin)")
        }
        // A token of the other file belongs to another key.
        let token = found["aws_session_token"].flatMap { $0.file.path == key.file.path ? $0 : nil }
        return try Configuration.checked(
            Credentials(
                accessKeyID: key.text, secretAccessKey: secret.secret,
                sessionToken: token?.secret, source: key.origin.description),
            in: "\(key.origin)")
    }

    private func nothingFound() -> ConfigurationError {
        let paths = [files.credentialsPath, files.configurationPath].compactMap(\.self)
        let places = paths.isEmpty ? "no file, as HOME is not set" : paths.joined(separator: ", ")
        return ConfigurationError(
            subject: "credentials",
            message: "none found for profile \(profile.value) (\(profile.origin))",
            hint: "looked at AWS_ACCESS_KEY_ID, \(places) and the instance's metadata",
            concernsCredentials: true)
    }

    private static func unsupported(_ what: String, _ origin: String) -> ConfigurationError {
        ConfigurationError(
            subject: "credentials", message: "\(what) is not supported yet (\(origin))",
            hint: "aws configure export-credentials --format env prints keys for the environment",
            concernsCredentials: true)
    }

    static func refused(_ subject: String, _ message: String) -> ConfigurationError {
        ConfigurationError(subject: subject, message: message, concernsCredentials: true)
    }

    /// Refuses what was copied wrongly: white space and control characters are in no key, and
    /// would otherwise come back from the server as a signature that does not match.
    static func checked(
        _ credentials: Credentials, in place: String
    ) throws(ConfigurationError) -> Credentials {
        func isPlain(_ bytes: some Sequence<UInt8>) -> Bool {
            bytes.allSatisfy { $0 > 0x20 && $0 < 0x7f }
        }
        guard isPlain(credentials.accessKeyID.utf8), !credentials.accessKeyID.isEmpty,
            !credentials.accessKeyID.contains(where: { "/,".contains($0) })
        else {
            throw refused(place, "the access key id holds a space, a slash or a special character")
        }
        guard credentials.secretAccessKey.withBytes({ isPlain($0) }) else {
            throw refused(place, "the secret access key holds white space or a special character")
        }
        guard credentials.sessionToken?.withBytes({ isPlain($0) }) ?? true else {
            throw refused(place, "the session token holds white space or a special character")
        }
        return credentials
    }
}

public import CivilTime

/// What signs a request: an access key, and where it came from.
public struct Credentials: Sendable {
    /// The access key id; not secret, it is part of every signature's scope.
    public var accessKeyID: String
    /// The secret access key.
    public var secretAccessKey: Secret
    /// The session token of temporary credentials.
    public var sessionToken: Secret?
    /// Where the key was found, in words for `whoami` and `--debug`.
    public var source: String
    /// When temporary credentials end, if that is known.
    public var expiration: Timestamp?
    /// Whether their source, asked again, gives others that end later.
    public var isRenewable = false

    /// Credentials from parts that are already known.
    public init(
        accessKeyID: String, secretAccessKey: Secret, sessionToken: Secret? = nil,
        source: String, expiration: Timestamp? = nil
    ) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.source = source
        self.expiration = expiration
    }
}

/// A setting that cannot be used: an option, a variable, a line of a file.
public struct ConfigurationError: Error, Hashable {
    /// What is wrong: `region`, `AWS_PROFILE`, `/home/ada/.aws/config:12`.
    public var subject: String
    /// Why, in lowercase, without a final period; never a secret.
    public var message: String
    /// What cures it.
    public var hint: String?
    /// Whether credentials are missing or unusable, which is exit code 77; 78 otherwise.
    public var concernsCredentials: Bool

    /// An error in words.
    public init(
        subject: String, message: String, hint: String? = nil, concernsCredentials: Bool = false
    ) {
        self.subject = subject
        self.message = message
        self.hint = hint
        self.concernsCredentials = concernsCredentials
    }
}

extension ConfigurationError: CustomStringConvertible {
    /// `SUBJECT: MESSAGE`
    public var description: String { "\(subject): \(message)" }
}

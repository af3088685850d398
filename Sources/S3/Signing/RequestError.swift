/// A request that cannot be signed or sent as asked.
public struct RequestError: Error, Hashable {
    /// What is wrong: a header's name, a bucket, `expires`.
    public var subject: String
    /// Why, in lowercase, without a final period.
    public var message: String
    /// What cures it.
    public var hint: String?

    /// An error in words.
    public init(subject: String, message: String, hint: String? = nil) {
        self.subject = subject
        self.message = message
        self.hint = hint
    }
}

extension RequestError: CustomStringConvertible {
    /// `SUBJECT: MESSAGE`
    public var description: String { "\(subject): \(message)" }
}

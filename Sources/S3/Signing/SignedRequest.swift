/// A request that is ready to be sent.
///
/// `url` is absolute, ASCII and percent-encoded as it was signed: send its path as it is
/// (`CURLOPT_PATH_AS_IS`), because keys may hold `.` and `..` segments. The `Host` header is the
/// one that follows from `url`. Printing and reflecting show method and URL only: two of the
/// headers are secrets.
public struct SignedRequest: Sendable {
    /// The method.
    public let method: Request.Method
    /// The absolute URL.
    public let url: String
    /// Every header to send but `Host` and `Content-Length`, `authorization` among them.
    public let headers: [Header]
}

extension SignedRequest: CustomStringConvertible, CustomReflectable {
    /// `GET https://…`
    public var description: String { "\(method.rawValue) \(url)" }
    /// A mirror of method and URL.
    public var customMirror: Mirror { Mirror(self, children: ["method": method, "url": url]) }
}

internal import Console

/// A listing that cannot be trusted: nothing is deleted in the whole run.
public struct ListingError: Error, CustomStringConvertible, Equatable {
    /// What is wrong with it.
    public let message: String
    /// The key at which it was noticed.
    public let key: [UInt8]?
    /// Where: a file's name or a page's number.
    public let place: String?
    /// What to do about it.
    public let hint: String?

    /// An error with its place.
    public init(_ message: String, key: [UInt8]? = nil, place: String? = nil, hint: String? = nil) {
        self.message = message
        self.key = key
        self.place = place
        self.hint = hint
    }

    /// One line, safe to print.
    public var description: String {
        var text = place.map { PrintableText.escape($0) + ": " } ?? ""
        text += PrintableText.escape(message)
        if let key { text += " (key \(PrintableText.escape(key)))" }
        return text
    }
}

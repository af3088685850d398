/// Why a page, or a sequence of pages, cannot be trusted. Nothing may be deleted after one.
public struct ListingProblem: Error, Hashable, Sendable {
    /// The kinds of problems.
    public enum Code: String, Sendable {
        /// No bytes at all.
        case empty = "EmptyListing"
        /// Not well-formed XML, cut short, or not XML at all.
        case malformed = "MalformedListing"
        /// An XML document, but another one.
        case notAListing = "NotAListing"
        /// An `Error` document in place of a listing.
        case serverError = "ServerError"
        /// A field is missing, occurs twice or has an impossible value.
        case field = "InvalidListingField"
        /// Larger or deeper than any listing.
        case limit = "ListingTooLarge"
        /// The answer is about another bucket.
        case otherBucket = "OtherBucket"
        /// An entry outside the prefix that was asked for.
        case outsidePrefix = "OutsidePrefix"
        /// The same version of the same key twice.
        case duplicate = "DuplicateVersion"
        /// Keys that step back.
        case order = "ListingOutOfOrder"
        /// Truncated without a marker, or with one that does not lead on.
        case marker = "ListingDoesNotAdvance"
        /// Pages are missing: at the beginning, in the middle or at the end.
        case incomplete = "IncompleteListing"
    }

    /// What kind of problem it is.
    public var code: Code
    /// The problem in words: lowercase, no final period. It may quote the server: escape it.
    public var message: String
    /// The line of the document, from 1; nil where none applies.
    public var line: Int?
    /// The `Error` document that came in place of a listing.
    public var answer: ErrorAnswer?

    /// A problem in words.
    public init(_ code: Code, _ message: String, line: Int? = nil, answer: ErrorAnswer? = nil) {
        self.code = code
        self.message = message
        self.line = line
        self.answer = answer
    }

    /// Whether asking again may help: the answer was empty, cut, garbled or a passing error.
    public var isTransient: Bool {
        switch code {
        case .empty, .malformed: true
        case .serverError: answer?.isTransient ?? true
        default: false
        }
    }
}

extension ListingProblem: CustomStringConvertible {
    /// `line 3: MESSAGE`
    public var description: String { line.map { "line \($0): \(message)" } ?? message }
}

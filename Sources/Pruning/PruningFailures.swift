public import Console

extension ListingError: FailureConvertible {
    /// Names the place in the listing.
    public var failure: Failure { Failure(.failed, "\(self)", hint: hint) }
}

extension SpillError: FailureConvertible {
    /// Names the temporary file.
    public var failure: Failure { Failure(.failed, "\(self)") }
}

public import CivilTime

/// What a server answered, its body read to the end or handed on.
public struct Answer: Sendable {
    /// The status.
    public var status: Int
    /// The headers in their order; a name may occur more than once.
    public var headers: [Header]
    /// The body, where it was collected.
    public var body: [UInt8] = []
    /// Whether an earlier attempt of the same request, whose answer was lost, may have had its
    /// effect as well.
    public var mayHaveActedTwice = false
    /// Whether an earlier attempt of the same request was answered as if other bytes had arrived.
    public var mayHaveLeftOtherBytes = false

    /// The first header of this name, whatever its letter case.
    public subscript(name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }

    /// The server's clock: the `Date` header.
    public var date: Timestamp? { self["date"].flatMap { Timestamp(httpDate: $0) } }

    /// `x-amz-request-id`.
    public var requestID: String? { self["x-amz-request-id"] }
}

/// How large each part of an upload of unknown length is, so that 10,000 parts suffice for it.
///
/// The first 2000 parts have the size that was asked for. From there the size doubles every 1000
/// parts, smoothly, up to S3's 5 GiB: from 16 MiB parts a stream of 31 GiB never sees a larger one,
/// 1 TiB ends with parts of 0.7 GiB, and 5 TiB with parts of 4 GiB. Two of the largest must fit into
/// memory, so that growing faster, to reach the 48.8 TiB that S3 takes, is left to a larger first
/// size.
public struct PartSizes: Sendable {
    /// The size of the first parts in bytes.
    public let first: Int

    /// S3's bounds of a part.
    public static let bounds = (5 << 20)...(5 << 30)
    private static let level = 2000
    private static let doubling = 1000

    /// Sizes that begin with `first`, which is brought into S3's bounds.
    public init(first: Int) {
        self.first = min(max(first, Self.bounds.lowerBound), Self.bounds.upperBound)
    }

    /// The size of the part with this number, from 1; a multiple of 1 MiB beyond the first size.
    public subscript(number: Int) -> Int {
        guard number > Self.level else { return first }
        let beyond = number - Self.level
        let (doublings, rest) = beyond.quotientAndRemainder(dividingBy: Self.doubling)
        guard doublings < 20 else { return Self.bounds.upperBound }
        // Between two powers of two the size grows in a straight line.
        let base = first << doublings
        let size = base + base / Self.doubling * rest
        return min(((size + (1 << 20) - 1) >> 20) << 20, Self.bounds.upperBound)
    }

    /// The most bytes that so many parts hold.
    public func capacity(parts: Int) -> Int {
        (1...parts).reduce(0) { $0 + self[$1] }
    }
}

import CivilTime

/// The versions of a key by age, newest first; of a tie the one listed earlier is the newer.
struct Order {
    /// The index of each position in the listing; nil where the listing is in order already.
    private let indices: [UInt32]?

    init(_ versions: [Version]) {
        let isSorted = versions.indices.dropFirst().allSatisfy {
            versions[$0 - 1].modified >= versions[$0].modified
        }
        indices =
            isSorted
            ? nil
            : versions.indices.map(UInt32.init).sorted { left, right in
                let (one, other) = (versions[Int(left)].modified, versions[Int(right)].modified)
                return one != other ? one > other : left < right
            }
    }

    /// The index in the listing of the version at a position.
    subscript(position: Int) -> Int { indices.map { Int($0[position]) } ?? position }
}

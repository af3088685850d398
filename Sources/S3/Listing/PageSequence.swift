/// Checks that pages follow one another without a gap, a repetition or a step back.
///
/// The same for a listing that is asked for page by page and for one that was saved. Memory is
/// bounded by the number of pages that one key fills.
public struct PageSequence: Sendable {
    private var pages = 0
    private var next: VersionPage.Position?
    private var rawNextKey: [UInt8] = []
    private var lastKey: [UInt8] = []
    private var lastVersionID: [UInt8] = []
    /// The version id markers seen since the key marker last moved: versions have no order of
    /// their own, so that a loop within a key shows only by a repetition.
    private var markersOfKey: Set<[UInt8]> = []
    private var hasEnded = false

    /// More pages than any bucket fills: a listing that still goes on leads nowhere.
    private static let maximumPages = 10_000_000

    /// A sequence without pages.
    public init() {}

    /// Takes the next page, or throws for one that cannot be the next.
    public mutating func accept(_ page: VersionPage) throws(ListingProblem) {
        if hasEnded {
            throw ListingProblem(.incomplete, "a page follows the last one")
        }
        if pages == PageSequence.maximumPages {
            throw ListingProblem(.limit, "the listing has no end")
        }
        try checkStart(page)
        try checkEntries(page)
        if let next = page.next {
            try advance(to: next, of: page)
        } else {
            hasEnded = true
        }
        pages += 1
    }

    /// Throws unless the last page said that it was the last.
    public func finish() throws(ListingProblem) {
        guard pages > 0 else { throw ListingProblem(.empty, "no page at all") }
        guard hasEnded else {
            throw ListingProblem(
                .incomplete, "the last page is truncated: the pages after it are missing")
        }
    }

    /// A page repeats where it was asked to begin. Servers and clients disagree about encoding
    /// that, so that either reading will do, and so will a key without what XML cannot carry; a
    /// page that repeats nothing is taken.
    private func checkStart(_ page: VersionPage) throws(ListingProblem) {
        let start = page.start.key
        guard let next else {
            guard start.isEmpty else {
                throw ListingProblem(
                    .incomplete, "the first page begins after \(quoted(start)): pages are missing")
            }
            return
        }
        if start.isEmpty { return }
        let wanted = [
            rawNextKey, URLDecoding.decode(rawNextKey), next.key, XMLText.carried(next.key),
        ].compactMap(\.self)
        let given = [start, page.isEncoded ? URLDecoding.decode(start) : nil].compactMap(\.self)
        guard given.contains(where: wanted.contains) else {
            throw ListingProblem(
                .incomplete,
                "a page begins after \(quoted(start)), not after \(quoted(next.key)) where the"
                    + " page before it ends")
        }
        let version = page.start.versionID
        guard version.isEmpty || version == next.versionID else {
            throw ListingProblem(
                .incomplete,
                "a page begins after version \(quoted(version)) of \(quoted(start)), not after"
                    + " \(quoted(next.versionID)) where the page before it ends")
        }
    }

    private mutating func checkEntries(_ page: VersionPage) throws(ListingProblem) {
        guard let first = page.entries.first, let last = page.entries.last else { return }
        let key = page.key(of: first)
        if key.lexicographicallyPrecedes(lastKey) {
            throw ListingProblem(
                .order, "the key \(quoted(key)) comes after \(quoted(lastKey))")
        }
        if key.elementsEqual(lastKey), page.versionID(of: first).elementsEqual(lastVersionID) {
            throw ListingProblem(
                .duplicate,
                "version \(quoted(lastVersionID)) of key \(quoted(lastKey)) is listed twice")
        }
        lastKey = Array(page.key(of: last))
        lastVersionID = Array(page.versionID(of: last))
    }

    private mutating func advance(
        to position: VersionPage.Position, of page: VersionPage
    ) throws(ListingProblem) {
        if position.key.lexicographicallyPrecedes(lastKey) {
            throw ListingProblem(
                .marker, "the next page would begin before the last key of this one")
        }
        if let next, next.key != position.key {
            if position.key.lexicographicallyPrecedes(next.key) {
                throw ListingProblem(.marker, "the marker \(quoted(position.key)) steps back")
            }
            markersOfKey.removeAll()
        }
        guard markersOfKey.insert(position.versionID).inserted else {
            throw ListingProblem(
                .marker, "the marker \(quoted(position.key)) comes a second time")
        }
        next = position
        rawNextKey = page.rawNextKey
    }
}

/// Bytes in quotes, for a message.
func quoted(_ bytes: some Collection<UInt8>) -> String {
    "\"" + shortened(String(decoding: bytes, as: UTF8.self)) + "\""
}

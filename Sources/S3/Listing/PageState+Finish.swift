internal import Glibc

extension PageState {
    /// The page, once its document has ended: keys decoded, order and uniqueness checked.
    mutating func finish(
        bucket: String?, prefix expected: [UInt8]
    ) throws(ListingProblem) -> VersionPage {
        if let problem { throw problem }
        if root == .error { throw problemOfAnswer() }
        guard has(.isTruncated) else { throw ListingProblem(.field, "no IsTruncated") }
        let name = String(decoding: self.name, as: UTF8.self)
        if let bucket, has(.name), name != bucket {
            throw ListingProblem(
                .otherBucket, "the listing is of bucket \"\(shortened(name))\", not \"\(bucket)\"")
        }
        if isEncoded { try decodeKeys() }
        let wasInOrder = try orderEntries()
        try refuseDuplicates()
        let prefix = try checkedPrefix(expected)
        return VersionPage(
            bytes: Array(UnsafeBufferPointer(start: arena.base, count: arena.count)),
            entries: entries, bucket: name, prefix: prefix, isTruncated: isTruncated,
            start: VersionPage.Position(key: keyMarker, versionID: versionIDMarker),
            rawNextKey: nextKeyMarker, isEncoded: isEncoded,
            next: try nextPosition(wasInOrder: wasInOrder))
    }

    /// Where the next page begins. Ceph does not encode NextKeyMarker even where it encodes keys:
    /// a marker that is the last entry's key, read either way, means that entry.
    private func nextPosition(wasInOrder: Bool) throws(ListingProblem) -> VersionPage.Position? {
        guard isTruncated else { return nil }
        if isDamaged(.nextKeyMarker) { return try positionOfLastEntry(wasInOrder: wasInOrder) }
        guard !nextKeyMarker.isEmpty else {
            throw ListingProblem(.marker, "truncated, but without NextKeyMarker")
        }
        let decoded = isEncoded ? URLDecoding.decode(nextKeyMarker) : nextKeyMarker
        if let last = entries.last {
            let key = Array(arena.bytes(last.key))
            if key == nextKeyMarker || key == decoded, wasInOrder || !nextVersionIDMarker.isEmpty {
                let versionID =
                    nextVersionIDMarker.isEmpty
                    ? Array(arena.bytes(last.versionID)) : nextVersionIDMarker
                return VersionPage.Position(key: key, versionID: versionID)
            }
        }
        guard let decoded else {
            throw ListingProblem(.marker, "NextKeyMarker is not URL-encoded UTF-8")
        }
        // A key alone means "from" on some servers and "after" on others.
        guard !nextVersionIDMarker.isEmpty else {
            throw ListingProblem(.marker, "truncated, but without NextVersionIdMarker")
        }
        return VersionPage.Position(key: decoded, versionID: nextVersionIDMarker)
    }

    /// The position that a marker means which came without some characters: that of the last entry,
    /// if the rest of the key and the version id say so, and no other.
    private func positionOfLastEntry(
        wasInOrder: Bool
    ) throws(ListingProblem) -> VersionPage.Position {
        if let last = entries.last, wasInOrder {
            let key = Array(arena.bytes(last.key))
            let versionID = Array(arena.bytes(last.versionID))
            if XMLText.carried(key) == nextKeyMarker, versionID == nextVersionIDMarker {
                return VersionPage.Position(key: key, versionID: versionID)
            }
        }
        throw ListingProblem(
            .marker,
            "NextKeyMarker \(quoted(nextKeyMarker)) lacks characters that XML cannot carry, and is"
                + " not the last key of its page")
    }

    private func problemOfAnswer() -> ListingProblem {
        let words = [answer.code, answer.message].filter { !$0.isEmpty }.joined(separator: ": ")
        return ListingProblem(
            .serverError, words.isEmpty ? "an Error without code" : words, answer: answer)
    }

    /// The prefix that the answer repeats. Some servers encode it, some do not; every key must
    /// lie under the prefix that was asked for.
    private func checkedPrefix(_ expected: [UInt8]) throws(ListingProblem) -> [UInt8] {
        let decoded = isEncoded ? URLDecoding.decode(prefix) : prefix
        let whole =
            isDamaged(.prefix) && prefix == XMLText.carried(expected) ? expected : nil
        guard
            let repeated = [whole, prefix, decoded].compactMap(\.self).first(where: {
                $0.isEmpty || $0.starts(with: expected)
            })
        else {
            throw ListingProblem(
                .outsidePrefix, "the listing is of another prefix: \(quoted(prefix))")
        }
        var last: Range<UInt32> = 0..<0
        for entry in entries where entry.key != last {
            last = entry.key
            guard arena.bytes(last).starts(with: expected) else {
                throw ListingProblem(
                    .outsidePrefix, "the key \(quoted(arena.bytes(last))) is outside the prefix")
            }
        }
        return repeated
    }

    /// Decodes every key in place; a decoded key is never longer.
    private mutating func decodeKeys() throws(ListingProblem) {
        var raw: Range<UInt32> = 0..<0
        var decoded = raw
        for index in entries.indices {
            let entry = entries[index]
            if entry.key != raw {
                raw = entry.key
                guard let count = URLDecoding.decode(inPlace: arena.bytes(raw)) else {
                    throw ListingProblem(
                        .field, "the Key of entry \(index + 1) is not URL-encoded UTF-8")
                }
                decoded = raw.lowerBound..<raw.lowerBound + UInt32(count)
            }
            if decoded != raw { entries[index] = entry.with(key: decoded) }
        }
    }

    /// Sees to it that entries stand in key order. moto lists all delete markers of a page after
    /// all versions: the two runs are merged. Any other disorder is refused. Says whether the
    /// entries were in order already.
    private mutating func orderEntries() throws(ListingProblem) -> Bool {
        var isOrdered = true
        for index in entries.indices.dropFirst()
        where entries[index - 1].key != entries[index].key {
            switch compareKeys(entries[index - 1].key, entries[index].key) {
            case .less: break
            case .equal: entries[index] = entries[index].with(key: entries[index - 1].key)
            case .greater: isOrdered = false
            }
        }
        if isOrdered { return true }
        let versions = entries.filter { !$0.isMarker }
        let markers = entries.filter(\.isMarker)
        for run in [versions, markers] {
            for (one, next) in zip(run, run.dropFirst())
            where compareKeys(one.key, next.key) == .greater {
                throw ListingProblem(
                    .order, "the key \(quoted(arena.bytes(next.key))) comes too late")
            }
        }
        entries = merge(versions, markers)
        return false
    }

    private func merge(
        _ versions: [VersionPage.Entry], _ markers: [VersionPage.Entry]
    ) -> [VersionPage.Entry] {
        var merged = [VersionPage.Entry]()
        merged.reserveCapacity(versions.count + markers.count)
        var markers = markers[...]
        var last: Range<UInt32> = 0..<0
        func append(_ entry: VersionPage.Entry) {
            if compareKeys(last, entry.key) != .equal { last = entry.key }
            merged.append(entry.with(key: last))
        }
        for version in versions {
            while let marker = markers.first, compareKeys(marker.key, version.key) == .less {
                append(markers.removeFirst())
            }
            append(version)
        }
        markers.forEach(append)
        return merged
    }

    /// Refuses the same version of the same key twice: an open-addressed table of the entries.
    private func refuseDuplicates() throws(ListingProblem) {
        guard entries.count > 1 else { return }
        let size = 1 << (Int.bitWidth - (entries.count * 2 - 1).leadingZeroBitCount)
        // Half of a slot is the hash, so that two versions are compared only if they may be one.
        var table = [UInt64](repeating: .max, count: size)
        for (index, entry) in entries.enumerated() {
            let hash = hash(of: entry)
            let high = hash & 0xFFFF_FFFF_0000_0000
            var slot = Int(truncatingIfNeeded: hash) & (size - 1)
            while table[slot] != .max {
                if table[slot] & 0xFFFF_FFFF_0000_0000 == high {
                    let other = entries[Int(table[slot] & 0xFFFF_FFFF)]
                    if other.key == entry.key,
                        compareKeys(other.versionID, entry.versionID) == .equal
                    {
                        throw ListingProblem(
                            .duplicate,
                            "version \(quoted(arena.bytes(entry.versionID))) of key"
                                + " \(quoted(arena.bytes(entry.key))) is listed twice")
                    }
                }
                slot = (slot + 1) & (size - 1)
            }
            table[slot] = high | UInt64(index)
        }
    }

    /// A hash of the version id and of the place of the key, which equal keys share: multiplied
    /// and folded, eight bytes at a time.
    private func hash(of entry: VersionPage.Entry) -> UInt64 {
        let bytes = UnsafeRawBufferPointer(arena.bytes(entry.versionID))
        var hash = UInt64(entry.key.lowerBound) ^ UInt64(bytes.count) << 32
        func mix(_ word: UInt64) {
            let product = (hash ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
            hash = product.high ^ product.low
        }
        var offset = 0
        while offset + 8 <= bytes.count {
            mix(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        var last: UInt64 = 0
        while offset < bytes.count {
            last = last << 8 | UInt64(bytes[offset])
            offset += 1
        }
        mix(last)
        return hash
    }

    private enum Order { case less, equal, greater }

    private func compareKeys(_ left: Range<UInt32>, _ right: Range<UInt32>) -> Order {
        if left == right { return .equal }
        let order = memcmp(
            arena.base + Int(left.lowerBound), arena.base + Int(right.lowerBound),
            min(left.count, right.count))
        if order != 0 { return order < 0 ? .less : .greater }
        if left.count == right.count { return .equal }
        return left.count < right.count ? .less : .greater
    }

}

extension VersionPage.Entry {
    /// The same entry with its key elsewhere in the page's bytes.
    @inline(__always)
    func with(key: Range<UInt32>) -> VersionPage.Entry {
        VersionPage.Entry(
            key: key, versionID: versionID, etag: etag, modified: modified, size: size,
            isLatest: isLatest, isMarker: isMarker, lock: lock)
    }
}

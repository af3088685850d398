import CivilTime

extension Decisions {
    /// Line 9 and the quarantine: what stops the deletion of versions that every rule lets go.
    mutating func hold(_ census: Census, releasedDays: Set<Int>) {
        if let last = versions.indices.last, versions[order[last]].modified < Quarantine.beginOfS3 {
            quarantine = .datedBeforeS3
        }
        if census.current == 0 { quarantine = .noCurrentVersion }
        if census.current > 1 { quarantine = .severalCurrentVersions }
        if isQuarantined { holdsOfKey.insert(.quarantine) }
        guard let position = census.newestPast else { return }
        let newest = versions[order[position]]
        holdCrowdedDays(census, releasedDays)
        holdIfShrunk(newest, census)
        holdIfSilent(newest)
    }

    private mutating func holdCrowdedDays(_ census: Census, _ releasedDays: Set<Int>) {
        guard let expected = rule.health.expectPerDay else { return }
        let crowded = Set(census.perDay.filter { $0.value > expected }.keys)
            .subtracting(releasedDays)
        guard !crowded.isEmpty else { return }
        holds.crowdedDays = crowded.sorted(by: >)
        var cursor = PeriodCursor(calendar)
        for index in versions.indices where !versions[index].isMarker {
            guard versions[index].modified <= now else { continue }
            cursor.move(to: versions[index].modified)
            if crowded.contains(cursor.day) { marks[index].insert(.crowd) }
        }
    }

    private mutating func holdIfShrunk(_ newest: Version, _ census: Census) {
        guard let limit = rule.health.shrinkLimit, !census.sizes.isEmpty else { return }
        let median = census.sizes.sorted()[census.sizes.count / 2]
        holds.usualSize = median
        holds.shrunk = limit.isAbove(newest.size, of: median)
        if holds.shrunk { holdsOfKey.insert(.shrunk) }
    }

    private mutating func holdIfSilent(_ newest: Version) {
        guard let expected = rule.health.expectEvery, !expected.isZero else { return }
        holds.silent = newest.modified < expected.subtracted(from: now, in: calendar.zone)
        if holds.silent { holdsOfKey.insert(.silent) }
    }
}

import CivilTime
import Properties
import Retention
import Testing

/// The promise: with `pick: first` or `both`, whoever can only upload cannot make a version go that
/// was begun before, is large enough and the first such of its period.
@Suite struct GuaranteeTests {
    /// 2,000 histories, or as many as SOAK_HISTORIES says.
    static let count = Soak.count(else: 2_000)

    @Test("no upload after the intrusion makes a protected version go at any later run")
    func guarantee() {
        let failure = firstFailure(ofSeeds: Self.count) { seed in
            Intrusion(seed: seed).losesProtected()
        }
        guard let failure else { return }
        let small = Intrusion(seed: failure).shrunk { $0.losesProtected() }
        Issue.record("seed \(failure)\n\(small)")
    }

    @Test("the search finds that pick: last promises nothing of the kind, in few histories")
    func pickLast() throws {
        let fails: @Sendable (Intrusion) -> Bool = { $0.losesProtected() }
        let failure = firstFailure(ofSeeds: 300) { fails(Intrusion(seed: $0, picks: [.last])) }
        let seed = try #require(failure)
        let small = Intrusion(seed: seed, picks: [.last]).shrunk(while: fails)
        // What is left is the attack itself: a good version, a later one, a night.
        #expect(small.honest.count == 1, "\(small)")
        #expect(!small.hostile.isEmpty, "\(small)")
        #expect(small.runs.count == 1, "\(small)")
    }

    @Test("the search finds that a version below min-size is not promised")
    func tooSmall() throws {
        let fails: @Sendable (Intrusion) -> Bool = { $0.losesProtected(minSize: 0) }
        let failure = firstFailure(ofSeeds: 2_000) { fails(Intrusion(seed: $0)) }
        let seed = try #require(failure)
        let small = Intrusion(seed: seed).shrunk(while: fails)
        #expect(small.rule.health.minSize > 0, "\(small)")
        #expect(small.honest.contains { $0.size < small.rule.health.minSize }, "\(small)")
    }

    @Test("the search finds that one period more than the rule's is not promised")
    func onePeriodMore() throws {
        let fails: @Sendable (Intrusion) -> Bool = { $0.losesProtected(periodsMore: 1) }
        let failure = firstFailure(ofSeeds: 2_000) { fails(Intrusion(seed: $0)) }
        #expect(failure != nil)
    }

    @Test("no version is deleted before its keep-until, whatever arrives later")
    func keepUntil() {
        let picks: [Pick] = [.first, .last, .both]
        let failure = firstFailure(ofSeeds: Self.count) { seed in
            Intrusion(seed: seed, picks: picks).breaksKeepUntil()
        }
        guard let failure else { return }
        let small = Intrusion(seed: failure, picks: picks).shrunk { $0.breaksKeepUntil() }
        Issue.record("seed \(failure)\n\(small)")
    }

    @Test("nor where uploads that were begun after it was given are dated by their beginning")
    func keepUntilOfLateUploads() {
        let picks: [Pick] = [.first, .last, .both]
        let failure = firstFailure(ofSeeds: Self.count) { seed in
            Intrusion(seed: seed, picks: picks, dating: .initiation)
                .breaksKeepUntil(.begunAfterwards)
        }
        guard let failure else { return }
        let small = Intrusion(seed: failure, picks: picks, dating: .initiation)
            .shrunk { $0.breaksKeepUntil(.begunAfterwards) }
        Issue.record("seed \(failure)\n\(small)")
    }

    @Test("the search finds that an upload begun before a keep-until was given may break it")
    func begunBefore() throws {
        let fails: @Sendable (Intrusion) -> Bool = { $0.breaksKeepUntil(.begunAtAnyTime) }
        let failure = firstFailure(ofSeeds: 2_000) {
            fails(Intrusion(seed: $0, dating: .initiation))
        }
        let seed = try #require(failure)
        let small = Intrusion(seed: seed, dating: .initiation).shrunk(while: fails)
        #expect(small.hostile.contains { $0.version.modified < $0.arrives }, "\(small)")
    }
}

extension Intrusion {
    /// The key as it is before anything of the intruder arrives.
    private var key: PrunedKey {
        var key = PrunedKey(
            rule: rule, calendar: calendar, released: released,
            currentIsLastArrived: currentIsLastArrived)
        for (number, version) in honest.enumerated() {
            key.add(version, number: number - honest.count)
        }
        return key
    }

    /// The honest versions that are the first large enough of a period, each with the end of the
    /// last of the rule's periods in which it is promised; nil for no end.
    private func protected(
        _ minSize: Int64, periodsMore: Int
    ) -> [(number: Int, until: Timestamp?)] {
        let large = honest.indices.filter { !honest[$0].isMarker && honest[$0].size >= minSize }
        guard case .slots(let slots) = rule.keep else {
            return large.map { ($0 - honest.count, nil) }
        }
        var protected: [(Int, Timestamp?)] = []
        for kind in PeriodKind.allCases {
            guard let count = slots[kind] else { continue }
            for index in large {
                let period = calendar.period(kind, of: honest[index].modified)
                let isFirst = !large.contains {
                    honest[$0].modified < honest[index].modified
                        && calendar.period(kind, of: honest[$0].modified) == period
                }
                guard isFirst else { continue }
                var until: Timestamp?
                if case .limited(let number) = count {
                    until = calendar.start(of: kind, period + number + periodsMore)
                }
                protected.append((index - honest.count, until))
            }
        }
        return protected
    }

    /// Whether a run deletes what was promised.
    func losesProtected(minSize: Int64? = nil, periodsMore: Int = 0) -> Bool {
        let promised = protected(minSize ?? rule.health.minSize, periodsMore: periodsMore)
        return isPromiseBroken { _, _, _ in promised }
    }

    /// Which uploads may come after a keep-until was given.
    enum Later {
        /// Those that are dated when they are complete: what the date counts on.
        case datedByCompletion
        /// Also those that were begun after that, and are dated so.
        case begunAfterwards
        /// Also those that were begun before.
        case begunAtAnyTime
    }

    /// Whether a run deletes a version before the keep-until that an earlier run gave for it.
    func breaksKeepUntil(_ later: Later = .datedByCompletion) -> Bool {
        var intrusion = self
        if later == .datedByCompletion {
            for index in hostile.indices {
                intrusion.hostile[index].arrives = hostile[index].version.modified
            }
        }
        var given: [(number: Int, until: Timestamp?)] = []
        return intrusion.isPromiseBroken { decisions, key, now in
            // A date counts for nothing here while something is under way that was begun before.
            let isUnderWay = intrusion.hostile.contains {
                $0.version.modified < now && now < $0.arrives
            }
            if later == .begunAfterwards, isUnderWay { return given }
            for index in key.held.indices {
                switch decisions[index].keepUntil {
                case .none: break
                case .never: given.append((key.held[index].number, nil))
                case .at(let end): given.append((key.held[index].number, end))
                }
            }
            return given
        }
    }

    /// Prunes at every run what has arrived by then, and looks whether something is missing that is
    /// promised beyond that moment.
    private func isPromiseBroken(
        _ promised: (Decisions, PrunedKey, Timestamp) -> [(number: Int, until: Timestamp?)]
    ) -> Bool {
        var key = key
        var arrived = 0
        let arrivals = hostile.enumerated().sorted {
            ($0.element.arrives, $0.offset) < ($1.element.arrives, $1.offset)
        }
        for now in runs {
            while arrived < arrivals.count, arrivals[arrived].element.arrives <= now {
                key.add(arrivals[arrived].element.version, number: arrived)
                arrived += 1
            }
            let decisions = key.decisions(at: now)
            let promises = promised(decisions, key, now)
            key.prune(at: now)
            let left = key.numbers
            let isBroken = promises.contains { promise in
                (promise.until.map { now < $0 } ?? true) && !left.contains(promise.number)
            }
            if isBroken { return true }
        }
        return false
    }
}

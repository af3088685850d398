internal import CivilTime
internal import Console
internal import PolicyFile
internal import Retention

/// Words what the rule noticed about a key, with what to do about it.
struct KeyProblems {
    let versions: KeyVersions
    let header: PlanHeader

    /// The problems of a key that a rule matches; `limit` is the share that holds its deletions.
    func of(_ decisions: Decisions, rule: Rule, limit: Ratio?) -> [Problem] {
        if let why = decisions.quarantine { return [quarantine(why)] + future() }
        var problems: [Problem] = []
        if decisions.holds.shrunk { problems.append(shrunk(rule, decisions.holds)) }
        if decisions.holds.silent { problems.append(silent(rule)) }
        problems += decisions.holds.crowdedDays.map { crowd(day: $0, rule: rule) }
        if let limit { problems.append(self.limit(decisions, limit)) }
        return problems + future()
    }

    /// The problems of a key that no rule matches.
    func ofUnmatched(isError: Bool) -> [Problem] {
        guard isError else { return future() }
        return [
            problem(
                .unmatched, "no rule of the policy matches this key; it is kept",
                "add a rule that matches it, or set unmatched: keep")
        ] + future()
    }

    private func quarantine(_ why: Quarantine) -> Problem {
        let message =
            switch why {
            case .noCurrentVersion: "no version is marked as the latest"
            case .severalCurrentVersions: "more than one version is marked as the latest"
            case .datedBeforeS3: "a version is dated before S3 began, in 2006"
            }
        return problem(
            .quarantine, message + "; nothing of this key is deleted",
            "list the key's versions with another client; ask the store's operator")
    }

    private func shrunk(_ rule: Rule, _ holds: Holds) -> Problem {
        let newest = newestReal()
        let size = newest.map { Quantity.bytes($0.size) } ?? "nothing"
        let date = newest.map { header.calendar.localText(of: $0.modified) } ?? "never"
        let share = rule.health.shrinkLimit.map(\.policyText) ?? ""
        let usual = holds.usualSize.map(Quantity.bytes) ?? "size"
        return problem(
            .shrunk,
            "the newest version (\(date)) has \(size), less than \(share) of the usual \(usual); "
                + "nothing of this key is deleted",
            "look at the last dump and its server; the hold ends with the next version of "
                + "usual size")
    }

    private func silent(_ rule: Rule) -> Problem {
        let date = newestReal().map { header.calendar.localText(of: $0.modified) } ?? "never"
        let every = rule.health.expectEvery.map(\.policyText) ?? ""
        return problem(
            .silent,
            "the newest version is of \(date), one is expected every \(every); "
                + "nothing of this key is deleted",
            "look at the server's upload job; for a server that is gone, change expect-every "
                + "or exclude the key")
    }

    private func crowd(day: Int, rule: Rule) -> Problem {
        let name = header.calendar.name(of: .day, day)
        let count = versions.versions.count {
            !$0.isMarker && $0.modified <= header.now
                && header.calendar.period(.day, of: $0.modified) == day
        }
        let expected = rule.health.expectPerDay.map { "\($0)" } ?? ""
        return problem(
            .crowd,
            "\(name) holds \(Quantity.count(count, "version")), \(expected) expected; "
                + "none of that day is deleted",
            "find out who uploaded them; then release the day in the policy: released: "
                + "[{ key, day: \(name), why }]")
    }

    private func limit(_ decisions: Decisions, _ limit: Ratio) -> Problem {
        let count = (0..<versions.count).count { decisions.action(at: $0) == .delete }
        return problem(
            .limit,
            "\(Quantity.grouped(count)) of \(Quantity.count(versions.count, "version")) would "
                + "expire, more than max-delete-of-key \(limit.policyText); none of this key is deleted",
            "look at the key with --verbose; when the deletions are right, raise "
                + "max-delete-of-key")
    }

    private func future() -> [Problem] {
        guard let first = versions.futureDated.first else { return [] }
        let date = versions.versions[first].modified.rfc3339
        let count = versions.futureDated.count
        return [
            problem(
                .future,
                "\(Quantity.count(count, "version is", "versions are")) dated in the future "
                    + "(\(date)); kept, and counted for nothing",
                "check the clock of the store and of whoever wrote it")
        ]
    }

    private func newestReal() -> Version? {
        versions.versions.lazy.filter { !$0.isMarker && $0.modified <= header.now }
            .max { $0.modified < $1.modified }
    }

    private func problem(_ code: Problem.Code, _ message: String, _ hint: String) -> Problem {
        Problem(code, key: versions.key, message: message, hint: hint)
    }
}

import CivilTime
import Retention
import Yams

extension Reader {
    /// What the top of the file or a rule says about the shared keys, over what held before.
    ///
    /// `health` is merged key by key: a rule that names one condition does not silently lose the
    /// others; `0` turns a single one off.
    func defaults(_ fields: Fields, over given: Defaults) -> Defaults {
        var result = given
        if let node = fields["pick"] {
            result.pick =
                word(node, "pick", [("first", .first), ("last", .last), ("both", .both)])
                ?? given.pick
        }
        if let node = fields["min-age"] {
            result.minAge = duration(node, "min-age") ?? given.minAge
        }
        if let node = fields["min-versions"] {
            result.minVersions =
                number(
                    node, "min-versions", 1...1_000_000,
                    tooSmall: "the newest copy of the data is never deleted") ?? given.minVersions
        }
        if let node = fields["keep-oldest"] {
            result.keepOldest = truth(node, "keep-oldest") ?? given.keepOldest
        }
        if let node = fields["health"] { result.health = health(node, over: given.health) }
        return result
    }

    private func health(_ node: Node, over given: Health) -> Health {
        guard let fields = fields(of: node, .health) else { return given }
        var health = given
        if let node = fields["min-size"] { health.minSize = size(node, "min-size") ?? 0 }
        if let node = fields["expect-per-day"] {
            health.expectPerDay = number(node, "expect-per-day", 1...1_000_000)
        }
        if let node = fields["expect-every"], let duration = duration(node, "expect-every") {
            health.expectEvery = duration.isZero ? nil : duration
        }
        if let node = fields["shrink-limit"] {
            let isOff = if case .scalar(let scalar) = node { scalar.string == "0" } else { false }
            let share =
                isOff && isPlain(node) ? Ratio(partsPerMillion: 0) : share(node, "shrink-limit")
            health.shrinkLimit = share?.partsPerMillion == 0 ? nil : share
        }
        return health
    }

    /// The rules, or the one rule of a file with `keep:` at the top.
    func rules(_ fields: Fields, defaults: Defaults) -> [RuleDraft] {
        switch (fields["keep"], fields["rules"]) {
        case (nil, nil):
            report(
                fields.place, "neither 'rules' nor 'keep': nothing says what is kept",
                hint: "add a line like 'keep: { daily: 14, monthly: 12 }'")
            return []
        case (let keepNode?, nil):
            guard let keep = keep(keepNode) else { return [] }
            let rule = rule("**", keep, defaults)
            guard let everything = try? Glob("**") else { return [] }
            return [
                RuleDraft(
                    rule: PolicyRule(match: [everything], exclude: [], rule: rule),
                    place: fields.places["keep"] ?? fields.place,
                    keep: fields.places["keep"] ?? fields.place, globs: [])
            ]
        case (let keepNode?, _?):
            report(
                fields.places["keep"] ?? place(of: keepNode), "'keep' beside 'rules'",
                hint: "move it into a rule of its own with match: \"**\"")
            fallthrough
        case (nil, _?):
            return ruleList(fields["rules"]!, defaults: defaults)
        }
    }

    private func ruleList(_ node: Node, defaults: Defaults) -> [RuleDraft] {
        guard let nodes = elements(of: node, "rules", hint: "each rule begins with '- '") else {
            return []
        }
        if nodes.isEmpty {
            report(
                place(of: node), "'rules' is empty: nothing says what is kept",
                hint: Section.rule.example)
        }
        var names: [String: Int] = [:]
        return nodes.compactMap { node in
            guard let fields = fields(of: node, .rule) else { return nil }
            if let nameNode = fields["name"], let name = line(nameNode, "name", longest: 100) {
                if let first = names.updateValue(place(of: nameNode).line, forKey: name) {
                    report(
                        place(of: nameNode), "a second rule named \(Printable.quoted(name))",
                        hint: "the first is on line \(first)")
                }
            }
            return rule(fields, defaults: defaults)
        }
    }

    private func rule(_ fields: Fields, defaults: Defaults) -> RuleDraft? {
        let settings = self.defaults(fields, over: defaults)
        let match = globs(fields, "match")
        let exclude = globs(fields, "exclude")
        if fields.places["match"] == nil {
            report(
                fields.place, "a rule without 'match'", hint: "match: \"**\" takes every key")
        }
        guard let keepNode = fields["keep"] else {
            if fields.places["keep"] == nil {
                report(
                    fields.place, "a rule without 'keep'",
                    hint: "for example keep: { daily: 14 }, or keep: all")
            }
            return nil
        }
        guard let keep = keep(keepNode), let first = match.first else { return nil }
        var name = first.glob.pattern
        if case .scalar(let scalar)? = fields["name"] { name = scalar.string }
        return RuleDraft(
            rule: PolicyRule(
                match: match.map(\.glob), exclude: exclude.map(\.glob),
                rule: rule(name, keep, settings)),
            place: fields.place, keep: fields.places["keep"] ?? fields.place,
            globs: match.map(\.place))
    }

    private func rule(_ name: String, _ keep: Keep, _ settings: Defaults) -> Rule {
        Rule(
            name: name, keep: keep, pick: settings.pick, minAge: settings.minAge,
            minVersions: settings.minVersions, keepOldest: settings.keepOldest,
            health: settings.health)
    }

    /// One glob or a list of them.
    private func globs(_ fields: Fields, _ name: String) -> [(glob: Glob, place: Place)] {
        guard let node = fields[name] else { return [] }
        guard case .sequence = node else {
            return glob(node, name).map { [($0, place(of: node))] } ?? []
        }
        guard let nodes = elements(of: node, name) else { return [] }
        if nodes.isEmpty {
            report(place(of: node), "'\(name)' is empty", hint: "name a glob, or leave it out")
        }
        return nodes.compactMap { node in glob(node, name).map { ($0, place(of: node)) } }
    }

    private func glob(_ node: Node, _ name: String) -> Glob? {
        if case .mapping = node, isPlain(node) {
            report(
                place(of: node), "'\(name)' must be a glob or a list of globs, not a mapping",
                hint: "a glob that begins with '{' needs quotes")
            return nil
        }
        guard let scalar = text(node, name, "a glob") else { return nil }
        return value(of: scalar, node, name) { text throws(Complaint) in
            do throws(GlobError) {
                return try Glob(text)
            } catch {
                throw Complaint(error)
            }
        }
    }

    /// `all`, or a mapping of slots.
    private func keep(_ node: Node) -> Keep? {
        if case .scalar(let scalar) = node, isPlain(node) {
            if scalar.string == "all" { return .all }
            let what = Plain(scalar) == .null ? "has no value" : "must be 'all' or a mapping"
            report(
                place(of: node), "'keep' \(what)", hint: "for example { daily: 14, monthly: 12 }")
            return nil
        }
        guard let fields = fields(of: node, .keep) else { return nil }
        if fields.places.isEmpty {
            report(
                place(of: node), "'keep' is empty: every version would be deleted",
                hint: "for example { daily: 14, monthly: 12 }, or 'all'")
            return nil
        }
        var slots = Slots()
        slots.last = fields["last"].flatMap { count($0, "last") }
        slots.within = fields["within"].flatMap {
            duration($0, "within", zeroHint: "leave 'within' out to do without")
        }
        for (kind, name) in Self.periods {
            slots[kind] = fields[name].flatMap { count($0, name) }
        }
        return .slots(slots)
    }

    static let periods: [(PeriodKind, String)] = [
        (.hour, "hourly"), (.day, "daily"), (.week, "weekly"), (.month, "monthly"),
        (.quarter, "quarterly"), (.year, "yearly"),
    ]

    /// A version that is kept whatever the rules say.
    func pin(_ node: Node, prefix: [UInt8]) -> Pin? {
        guard let fields = fields(of: node, .pin) else { return nil }
        let key = required(fields, "key", of: .pin).flatMap { self.key($0, prefix: prefix) }
        let versionID = required(fields, "version-id", of: .pin).flatMap { line($0, "version-id") }
        let why = fields["why"].flatMap { text($0, "why")?.string }
        guard let key, let versionID else { return nil }
        return Pin(key: key, versionID: versionID, why: why)
    }

    /// A day that may be thinned although it is crowded.
    func release(_ node: Node, _ calendar: CivilCalendar, prefix: [UInt8]) -> Release? {
        guard let fields = fields(of: node, .release) else { return nil }
        let key = required(fields, "key", of: .release).flatMap { self.key($0, prefix: prefix) }
        let day = required(fields, "day", of: .release).flatMap { self.day($0, calendar) }
        let why = fields["why"].flatMap { text($0, "why")?.string }
        guard let key, let day else { return nil }
        return Release(key: key, day: day, why: why)
    }

    private func required(_ fields: Fields, _ name: String, of section: Section) -> Node? {
        if fields.places[name] == nil {
            report(fields.place, "\(section.name) without '\(name)'", hint: section.example)
        }
        return fields[name]
    }

    /// A whole key: one that no listing of the policy can hold would silently protect nothing.
    private func key(_ node: Node, prefix: [UInt8]) -> [UInt8]? {
        guard let key = line(node, "key") else { return nil }
        let bytes = Array(key.utf8)
        guard bytes.starts(with: prefix) else {
            report(
                place(of: node), "the key does not begin with the policy's prefix",
                hint: "keys are whole: \(Printable.line(String(decoding: prefix, as: UTF8.self)))…")
            return nil
        }
        return bytes
    }

    private func day(_ node: Node, _ calendar: CivilCalendar) -> Int? {
        let expected = "a date such as 2026-11-20"
        guard let scalar = scalar(node, "day", expected) else { return nil }
        let parts = scalar.string.split(separator: "-", omittingEmptySubsequences: false)
        let isDate =
            parts.map(\.utf8.count) == [4, 2, 2]
            && parts.joined().utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        guard isDate, let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2])
        else {
            report(place(of: node), "'day' must be \(expected), not \(kind(of: node))")
            return nil
        }
        guard let ordinal = calendar.day(year: year, month: month, day: day) else {
            report(place(of: node), "there is no day \(scalar.string)")
            return nil
        }
        return ordinal
    }
}

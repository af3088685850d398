import Retention

extension Reader {
    /// Looks for what is allowed but probably not meant.
    func warn(about draft: Draft) {
        for (index, rule) in draft.rules.enumerated() {
            warnAboutSlots(rule)
            warnAboutGlobs(rule, prefix: draft.policy.prefix)
            warnAboutOrder(rule, earlier: draft.rules[..<index])
        }
    }

    private func warnAboutSlots(_ rule: RuleDraft) {
        guard case .slots(let slots) = rule.rule.rule.keep else { return }
        let name = Printable.quoted(rule.rule.rule.name ?? "")
        let hasPeriods =
            [slots.hourly, slots.daily, slots.weekly, slots.monthly, slots.quarterly, slots.yearly]
            .contains { $0 != nil }
        if !hasPeriods {
            warn(
                rule.keep, "rule \(name) has no slots: enough uploads push every old version out",
                hint: "add daily, weekly, monthly or yearly")
        } else if rule.rule.rule.pick == .last {
            warn(
                rule.keep,
                "rule \(name) picks the last of a period: a later upload takes the slot of a good one",
                hint: "'pick: first' or 'both' keeps what was there before an intrusion")
        }
    }

    private func warnAboutGlobs(_ rule: RuleDraft, prefix: [UInt8]) {
        for (glob, place) in zip(rule.rule.match, rule.globs) {
            if glob.pattern.hasPrefix("/") {
                warn(
                    place, "the glob begins with '/', keys rarely do",
                    hint: "did you mean \(Printable.quoted(glob.pattern.dropFirst()))?")
            } else if !glob.matchesSome(beginningWith: prefix) {
                let shown = Printable.line(String(decoding: prefix, as: UTF8.self))
                warn(
                    place, "the glob matches no key that begins with '\(shown)'",
                    hint: "globs match the whole key, the policy's prefix included")
            }
        }
    }

    private func warnAboutOrder(_ rule: RuleDraft, earlier: ArraySlice<RuleDraft>) {
        let open = earlier.filter { $0.rule.exclude.isEmpty }
        var hidden: RuleDraft?
        for glob in rule.rule.match {
            guard
                let cover = open.first(where: { rule in
                    rule.rule.match.contains { glob.isCovered(by: $0) }
                })
            else { return }
            hidden = hidden ?? cover
        }
        guard let hidden else { return }
        warn(
            rule.place,
            "rule \(Printable.quoted(rule.rule.rule.name ?? "")) is never reached: "
                + "the one on line \(hidden.place.line) takes its keys",
            hint: "the first match wins, so the narrower rule comes first")
    }
}

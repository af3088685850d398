public import CivilTime
internal import Foundation
// Foundation's zones need it, and a static build does not link it by itself.
internal import FoundationInternationalization

/// The zone with an IANA name, or nil if there is none.
///
/// Names are exact: no abbreviation, no other letter case. The table of changes reaches from 1970
/// to 2100; before and after, the nearest offset goes on. It takes about a millisecond to compute,
/// UTC none.
public func zone(named name: String) -> Zone? {
    if name == "UTC" { return .utc }
    guard ZoneNames.known.contains(name), let source = TimeZone(identifier: name) else {
        return nil
    }
    let first = Date(timeIntervalSince1970: 0)
    let end = Date(timeIntervalSince1970: 4_102_444_800)  // 2100-01-01
    let initialOffset = source.secondsFromGMT(for: first)
    var offset = initialOffset
    var transitions: [Zone.Transition] = []
    var instant = first
    while let next = source.nextDaylightSavingTimeTransition(after: instant), next > instant,
        next < end
    {
        instant = next
        let changed = source.secondsFromGMT(for: next)
        // Where only the name of the time changes there is nothing to note.
        guard changed != offset else { continue }
        offset = changed
        transitions.append(
            Zone.Transition(at: Int64(next.timeIntervalSince1970.rounded()), offset: changed))
    }
    return Zone(identifier: name, initialOffset: initialOffset, transitions: transitions)
}

extension ZoneNames {
    /// All names, those of the system included.
    static let known = Set(all).union(
        TimeZone.knownTimeZoneIdentifiers.filter { $0.contains("/") })

    /// What a zone may be called.
    static let example = "IANA names such as Europe/Berlin or UTC"

    /// The cure for a name that is none.
    static func hint(for name: String) -> String {
        // Etc/GMT+2 would look right and lies two hours behind UTC.
        if name.contains(where: { $0 == "+" || $0 == "-" || $0 == "\u{2212}" }),
            !name.contains("/"), name.contains(where: \.isNumber)
        {
            return "an offset is no zone, name a city: \(example)"
        }
        return nearest(to: name).map { "did you mean '\($0)'?" } ?? example
    }

    /// The name that was probably meant: letters in another case, a city alone, a slip.
    private static func nearest(to name: String) -> String? {
        let folded = name.lowercased().map { $0 == " " ? "_" : $0 }
        let lowered = String(folded)
        let sorted = known.sorted()
        if let same = sorted.first(where: { $0.lowercased() == lowered }) { return same }
        if let city = sorted.first(where: { $0.lowercased().hasSuffix("/" + lowered) }) {
            return city
        }
        if let zone = abbreviations[lowered] { return zone }
        if let near = Suggestion.nearest(to: name, among: sorted) { return near }
        let cities = sorted.map { String($0.split(separator: "/").last ?? "") }
        guard name.count > 3, let city = Suggestion.nearest(to: name, among: cities) else {
            return nil
        }
        return sorted.first { $0.hasSuffix("/" + city) || $0 == city }
    }

    /// Abbreviations are no zones: they are ambiguous, and each names half a year.
    private static let abbreviations = [
        "cest": "Europe/Berlin", "mez": "Europe/Berlin", "mesz": "Europe/Berlin",
        "bst": "Europe/London", "edt": "America/New_York", "est5": "America/New_York",
        "cdt": "America/Chicago", "mdt": "America/Denver", "pst": "America/Los_Angeles",
        "pdt": "America/Los_Angeles", "jst": "Asia/Tokyo", "ist": "Asia/Kolkata",
        "msk": "Europe/Moscow", "sgt": "Asia/Singapore", "aest": "Australia/Sydney",
        "z": "UTC",
    ]
}

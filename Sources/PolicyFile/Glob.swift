/// A pattern of keys, compiled once and matched against whole keys, byte by byte.
///
/// `*` is a run without `/`, `**` any run, `**/` also nothing, `?` one character but `/`, `[a-z]`
/// and `[!a-z]` one character of a class or not of it and never `/`, `{a,b}` a choice (nested,
/// alternatives may be empty), a backslash takes the sign after it literally. Nothing is folded or
/// normalised. A character is one of UTF-8, so `?` matches all bytes of `ä`; classes name ASCII
/// only.
///
/// Matching never backtracks: a key is read once, whatever the pattern.
public struct Glob: Sendable {
    private enum Matcher: Sendable {
        case table(GlobTable)
        case states(GlobStates)
    }

    /// The pattern as it is written.
    public let pattern: String
    private let matcher: Matcher

    /// Compiles `pattern`.
    ///
    /// At most 4096 bytes, braces at most 16 deep. A sign that opens or closes nothing, an empty
    /// class or choice, a range that runs backwards, `***`, a letter after a backslash: a
    /// `GlobError`.
    public init(_ pattern: String) throws(GlobError) {
        let automaton = GlobAutomaton(try GlobPattern.parts(of: pattern))
        self.pattern = pattern
        if let table = GlobTable(automaton) {
            matcher = .table(table)
        } else {
            matcher = .states(GlobStates(automaton))
        }
    }

    /// Whether the whole of `key` matches.
    public func matches(_ key: UnsafeBufferPointer<UInt8>) -> Bool {
        switch matcher {
        case .table(let table): table.matches(key)
        case .states(let states): states.matches(key)
        }
    }

    /// Whether the whole of `key` matches.
    public func matches(_ key: [UInt8]) -> Bool {
        key.withUnsafeBufferPointer { matches($0) }
    }

    /// Whether some key that begins with `prefix` could match.
    func matchesSome(beginningWith prefix: [UInt8]) -> Bool {
        prefix.withUnsafeBufferPointer { prefix in
            switch matcher {
            case .table(let table): table.matchesSome(beginningWith: prefix)
            case .states(let states): states.matchesSome(beginningWith: prefix)
            }
        }
    }

    /// Whether `other` certainly matches every key that this glob matches; false where that would
    /// take too long to find out.
    func isCovered(by other: Glob) -> Bool {
        if pattern == other.pattern { return true }
        guard case .table(let mine) = matcher, case .table(let theirs) = other.matcher else {
            return false
        }
        return mine.isCovered(by: theirs)
    }
}

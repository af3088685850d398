/// A glob as a nondeterministic automaton over bytes: what both ways of matching start from.
struct GlobAutomaton: Sendable {
    /// From a state over every byte of a range to another state.
    struct Edge: Sendable {
        var bytes: ClosedRange<UInt8>
        var target: Int
    }

    private(set) var edges: [[Edge]] = [[]]
    private var free: [[Int]] = [[]]
    private(set) var accepting = 0

    init(_ parts: [GlobPart]) {
        accepting = append(parts, after: 0)
    }

    /// The states reached from `state` without reading a byte, itself included.
    func closure(of state: Int) -> [Int] {
        guard !free[state].isEmpty else { return [state] }
        var seen: Set<Int> = [state]
        var pending = [state]
        while let state = pending.popLast() {
            for target in free[state] where seen.insert(target).inserted {
                pending.append(target)
            }
        }
        return seen.sorted()
    }

    private mutating func state() -> Int {
        edges.append([])
        free.append([])
        return edges.count - 1
    }

    /// Adds `parts` one after another; the state in which the last one ends.
    private mutating func append(_ parts: [GlobPart], after start: Int) -> Int {
        var current = start
        for part in parts { current = append(part, after: current) }
        return current
    }

    private mutating func append(_ part: GlobPart, after start: Int) -> Int {
        let end = state()
        switch part {
        case .byte(let byte): edges[start].append(Edge(bytes: byte...byte, target: end))
        case .run, .anyRun:
            let loop = state()
            free[start].append(loop)
            free[loop].append(end)
            edges[loop] += (part == .run ? Self.allButSlash : [0...0xFF]).map {
                Edge(bytes: $0, target: loop)
            }
        case .folders:
            let loop = state()
            free[start] += [loop, end]
            edges[loop] = [
                Edge(bytes: 0...0xFF, target: loop),
                Edge(bytes: Self.slash...Self.slash, target: end),
            ]
        case .character(let ascii, let wide): appendCharacter(ascii, wide, from: start, to: end)
        case .choice(let alternatives):
            for alternative in alternatives {
                let first = state()
                free[start].append(first)
                free[append(alternative, after: first)].append(end)
            }
        }
        return end
    }

    /// One character in UTF-8. Keys that are no UTF-8 are refused where they are listed, so the
    /// lead byte and the number of bytes it announces are all that is looked at.
    private mutating func appendCharacter(
        _ ascii: Set<UInt8>, _ wide: Bool, from start: Int, to end: Int
    ) {
        edges[start] += Self.ranges(of: ascii).map { Edge(bytes: $0, target: end) }
        guard wide else { return }
        let last = state()
        let middle = state()
        let first = state()
        let tail: ClosedRange<UInt8> = 0x80...0xBF
        edges[last] = [Edge(bytes: tail, target: end)]
        edges[middle] = [Edge(bytes: tail, target: last)]
        edges[first] = [Edge(bytes: tail, target: middle)]
        edges[start] += [
            Edge(bytes: 0xC2...0xDF, target: last), Edge(bytes: 0xE0...0xEF, target: middle),
            Edge(bytes: 0xF0...0xF4, target: first),
        ]
    }

    private static let slash = UInt8(ascii: "/")
    private static let allButSlash: [ClosedRange<UInt8>] = [0...(slash - 1), (slash + 1)...0xFF]

    private static func ranges(of bytes: Set<UInt8>) -> [ClosedRange<UInt8>] {
        var ranges: [ClosedRange<UInt8>] = []
        for byte in bytes.sorted() {
            if let last = ranges.last, last.upperBound + 1 == byte {
                ranges[ranges.count - 1] = last.lowerBound...byte
            } else {
                ranges.append(byte...byte)
            }
        }
        return ranges
    }
}

/// A glob as a deterministic automaton: one table look-up a byte of the key.
///
/// State 0 is the one from which no key matches any more.
final class GlobTable: Sendable {
    /// The largest table; globs that need more are matched state by state (`GlobStates`).
    static let mostStates = 512

    private let classOfByte: [UInt8]
    private let classCount: Int
    private let next: [UInt16]
    private let accepts: [Bool]
    /// States that only lead back to themselves: the rest of the key cannot matter.
    private let settled: [Bool]

    /// Nil if the glob needs more than `mostStates` states.
    init?(_ automaton: GlobAutomaton) {
        guard automaton.edges.count <= 2 * Self.mostStates else { return nil }
        let (classOfByte, representatives) = Self.classes(of: automaton)
        let closures = automaton.edges.indices.map { automaton.closure(of: $0) }
        var numbers: [[Int]: Int] = [[]: 0, closures[0]: 1]
        var sets: [[Int]] = [[], closures[0]]
        var next: [UInt16] = []
        var current = 0
        while current < sets.count {
            for byte in representatives {
                var reached: Set<Int> = []
                for state in sets[current] {
                    for edge in automaton.edges[state] where edge.bytes.contains(byte) {
                        reached.formUnion(closures[edge.target])
                    }
                }
                let set = reached.sorted()
                if numbers[set] == nil {
                    guard sets.count < Self.mostStates else { return nil }
                    numbers[set] = sets.count
                    sets.append(set)
                }
                next.append(UInt16(numbers[set]!))
            }
            current += 1
        }
        let count = representatives.count
        self.classOfByte = classOfByte
        self.next = next
        classCount = count
        accepts = sets.map { $0.contains(automaton.accepting) }
        settled = sets.indices.map { state in
            next[state * count..<(state + 1) * count].allSatisfy { $0 == UInt16(state) }
        }
    }

    /// Bytes that no edge tells apart share a class: the class of every byte, and one byte of each.
    private static func classes(of automaton: GlobAutomaton) -> ([UInt8], [UInt8]) {
        var starts: Set<Int> = [0]
        for edge in automaton.edges.joined() {
            starts.insert(Int(edge.bytes.lowerBound))
            starts.insert(Int(edge.bytes.upperBound) + 1)
        }
        starts.remove(256)
        let sorted = starts.sorted()
        var classOfByte = [UInt8](repeating: 0, count: 256)
        for (index, start) in sorted.enumerated() {
            for byte in start..<256 { classOfByte[byte] = UInt8(index) }
        }
        return (classOfByte, sorted.map { UInt8($0) })
    }

    func matches(_ key: UnsafeBufferPointer<UInt8>) -> Bool {
        accepts[state(after: key)]
    }

    /// Whether some key that begins with `prefix` matches.
    func matchesSome(beginningWith prefix: UnsafeBufferPointer<UInt8>) -> Bool {
        state(after: prefix) != 0
    }

    private func state(after bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var state = 1
        for byte in bytes {
            if settled[state] { break }
            state = Int(next[state * classCount + Int(classOfByte[Int(byte)])])
        }
        return state
    }

    /// Whether `other` matches every key that this glob matches.
    ///
    /// Walks both tables side by side over every pair of states that one key can reach together.
    func isCovered(by other: GlobTable) -> Bool {
        var bytes: [Int: Int] = [:]  // one byte for each pair of classes
        for byte in 0..<256 {
            bytes[Int(classOfByte[byte]) * 256 + Int(other.classOfByte[byte])] = byte
        }
        let representatives = bytes.values.sorted()
        var seen: Set<Int> = []
        var pending = [(1, 1)]
        while let (mine, theirs) = pending.popLast() {
            guard mine != 0, seen.insert(mine << 16 | theirs).inserted else { continue }
            guard !accepts[mine] || other.accepts[theirs] else { return false }
            for byte in representatives {
                pending.append(
                    (
                        Int(next[mine * classCount + Int(classOfByte[byte])]),
                        Int(other.next[theirs * other.classCount + Int(other.classOfByte[byte])])
                    ))
            }
        }
        return true
    }
}

/// A glob whose table would be too large: all states a key can be in at once are followed.
///
/// The time is at most the length of the key times the length of the glob.
final class GlobStates: Sendable {
    private let edges: [[GlobAutomaton.Edge]]
    private let closures: [[Int]]
    private let accepting: Int

    init(_ automaton: GlobAutomaton) {
        edges = automaton.edges
        closures = automaton.edges.indices.map { automaton.closure(of: $0) }
        accepting = automaton.accepting
    }

    func matches(_ key: UnsafeBufferPointer<UInt8>) -> Bool {
        states(after: key).contains(accepting)
    }

    func matchesSome(beginningWith prefix: UnsafeBufferPointer<UInt8>) -> Bool {
        !states(after: prefix).isEmpty
    }

    private func states(after bytes: UnsafeBufferPointer<UInt8>) -> [Int] {
        var current = closures[0]
        var since = [Int](repeating: -1, count: edges.count)
        for (position, byte) in bytes.enumerated() {
            var reached: [Int] = []
            for state in current {
                for edge in edges[state] where edge.bytes.contains(byte) {
                    for target in closures[edge.target] where since[target] != position {
                        since[target] = position
                        reached.append(target)
                    }
                }
            }
            if reached.isEmpty { return [] }
            current = reached
        }
        return current
    }
}

/// How many requests may be in flight: fewer when the server asks for less, more while it does not.
///
/// Additive increase, multiplicative decrease, as TCP does it: a request that was throttled halves
/// the number, each that went well adds its share of one.
struct Pace {
    private let most: Double
    private var allowed: Double
    private(set) var inFlight = 0

    /// A pace of at most so many requests at once, at least 1.
    init(most: Int) {
        self.most = Double(max(1, most))
        allowed = self.most
    }

    /// The number of requests that may be in flight now.
    var limit: Int { max(1, Int(allowed)) }

    /// Whether one more request may begin.
    var hasRoom: Bool { inFlight < limit }

    mutating func begin() { inFlight += 1 }

    mutating func end() { inFlight -= 1 }

    /// A request went well.
    mutating func succeeded() { allowed = min(most, allowed + 1 / allowed) }

    /// The server asked for fewer requests.
    mutating func throttled() { allowed = max(1, allowed / 2) }
}

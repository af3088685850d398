internal import CivilTime

/// When a request that failed is sent again: after a random part of a time that doubles
/// (exponential back-off with full jitter), or when the server asks for it.
public struct Retry: Sendable, Hashable {
    /// How often a request is sent in all, at least 1; nil for as often as `maxWait` allows.
    public var maxAttempts: Int?
    /// Whether attempts that the server refused because it wants fewer requests are left out of
    /// `maxAttempts`: only `maxWait` bounds those.
    public var forgivesThrottling: Bool
    /// Seconds that one request may spend waiting between its attempts, in all.
    public var maxWait: Double

    /// A policy of retrying.
    public init(
        maxAttempts: Int? = 5, maxWait: Double = 900, forgivesThrottling: Bool = false
    ) {
        self.maxAttempts = maxAttempts
        self.maxWait = maxWait
        self.forgivesThrottling = forgivesThrottling
    }

    /// The longest wait after so many attempts, in seconds, unless the server asks for more.
    public static func bound(attempt: Int) -> Double {
        min(longest, base * Double(1 << min(attempt - 1, 20)))
    }

    /// The longest wait before the second attempt, in seconds.
    static let base = 0.5
    /// The longest wait before any attempt, unless the server asks for more.
    static let longest = 20.0
    /// The longest wait that a server may ask for.
    static let longestAsked = 300.0

    /// Seconds to wait after `attempt` (from 1) failed, or nil to give up. `random` lies in 0 ..< 1;
    /// `waited` is what earlier waits of this request took, `throttled` how many of the attempts
    /// were refused because the server wants fewer requests.
    func wait(
        after error: S3Error, attempt: Int, throttled: Int = 0, waited: Double, random: Double
    ) -> Double? {
        guard error.isTransient else { return nil }
        let counted = forgivesThrottling ? attempt - throttled : attempt
        if let maxAttempts, counted >= maxAttempts { return nil }
        let bound = Retry.bound(attempt: attempt)
        let asked = error.retryAfter ?? 0
        guard asked <= Retry.longestAsked else { return nil }
        let wait = max(asked, random * bound)
        return waited + wait <= maxWait ? wait : nil
    }
}

extension Answer {
    /// Seconds until the moment that `Retry-After` names: a number or an HTTP date, which counts
    /// from the answer's own `Date`.
    var retryAfter: Double? {
        guard let text = self["retry-after"] else { return nil }
        if let seconds = Int(text), seconds >= 0 { return Double(seconds) }
        guard let moment = Timestamp(httpDate: text), let date else { return nil }
        return Double(max(0, moment.seconds - date.seconds))
    }
}

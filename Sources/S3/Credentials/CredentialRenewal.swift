internal import CivilTime
internal import Synchronization

/// Temporary credentials that are renewed before they end, for all clients of a command.
///
/// From five minutes before their end on, and after an answer that they have ended, their source
/// is asked again, at most once a minute. Until it gives credentials that last longer, those at
/// hand sign. Credentials of another source are not taken: they may be another account's.
public final class CredentialRenewal: Sendable {
    /// Credentials, and how often they were renewed until then.
    struct Current: Sendable {
        var credentials: Credentials
        var number = 0
    }

    private struct State {
        var current: Current
        /// Seconds of the epoch before which the source is not asked again.
        var next = Int64.min
    }

    /// Seconds before their end from which on credentials are renewed, and between two attempts.
    static let (margin, pause): (Int64, Int64) = (300, 60)

    private let state: Mutex<State>
    private let source: @Sendable () throws(ConfigurationError) -> Credentials
    private let onFailure: @Sendable (ConfigurationError) -> Void

    /// Renews `credentials` from `source`, which is called on the thread of a client that is about
    /// to sign; the others wait for it. `onFailure` is told why there are no new ones.
    public init(
        _ credentials: Credentials,
        source: @escaping @Sendable () throws(ConfigurationError) -> Credentials,
        onFailure: @escaping @Sendable (ConfigurationError) -> Void
    ) {
        state = Mutex(State(current: Current(credentials: credentials)))
        self.source = source
        self.onFailure = onFailure
    }

    /// What to sign with at `now`.
    func current(at now: Timestamp) -> Current {
        state.withLock { state in
            let end = state.current.credentials.expiration
            if let end, end.seconds - now.seconds < Self.margin { renew(&state, at: now) }
            return state.current
        }
    }

    /// Whether there are others than those of `number`, which the server says have ended.
    func hasOthers(than number: Int, at now: Timestamp) -> Bool {
        state.withLock { state in
            if state.current.number == number { renew(&state, at: now) }
            return state.current.number != number
        }
    }

    private func renew(_ state: inout State, at now: Timestamp) {
        guard now.seconds >= state.next else { return }
        state.next = now.seconds + Self.pause
        let old = state.current.credentials
        do throws(ConfigurationError) {
            let found = try source()
            guard found.source == old.source else {
                throw Configuration.refused(
                    "credentials", "they come from \(found.source) now, no more from \(old.source)")
            }
            if let end = found.expiration, let before = old.expiration, end <= before { return }
            state.current = Current(credentials: found, number: state.current.number + 1)
        } catch {
            onFailure(error)
        }
    }
}

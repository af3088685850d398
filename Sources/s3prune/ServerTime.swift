import CivilTime
import Console
import Invocation
import Pruning

/// What an answer says about the server's clock, beside the local one.
struct ServerTime {
    /// The instant that ages count from: the server's, or the local one where it says none.
    let instant: Timestamp
    /// What is wrong with the clocks; nothing may be deleted then.
    let problem: Problem?
    /// The same as what a run ends with that was asked to delete.
    var refusal: Failure? {
        problem.map { Failure(.refused, $0.message, hint: $0.hint) }
    }

    /// The local and the server's clock may differ by so many seconds.
    static let tolerance: Int64 = 300

    /// Compares the `Date` of an answer with the local clock.
    init(_ server: Timestamp?, local: Timestamp = SystemClock.now()) {
        guard let server else {
            instant = local
            problem = Problem(
                .clock, key: nil, message: "the server's answers bear no Date header",
                hint: "ages count from the local clock; nothing is deleted by it")
            return
        }
        instant = server
        guard abs(server.seconds - local.seconds) > Self.tolerance else {
            problem = nil
            return
        }
        problem = Problem(
            .clock, key: nil,
            message: "the clocks disagree: here it is "
                + "\(Timestamp(seconds: local.seconds).rfc3339), at the server \(server.rfc3339)",
            hint: "set this machine's clock; ages count from the server's")
    }
}

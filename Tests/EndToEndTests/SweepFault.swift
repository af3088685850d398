import FaultServer
import Synchronization

/// What goes wrong with the n-th request of a command.
enum SweepFault: String, CaseIterable, Sendable {
    /// `500 InternalError`, without effect, that one time.
    case errorOnce
    /// The same from the n-th request on.
    case errorForEver
    /// `403 AccessDenied`, without effect.
    case denied
    /// The effect, and half of the answer.
    case cutAnswer
    /// The connection ends without effect and without answer.
    case noAnswer
    /// The effect, and no answer.
    case answerLost
    /// A 200 with a web page, without effect: a captive proxy.
    case webPage
    /// A 200 with something that looks like XML, without effect.
    case garbage
    /// A redirection to another host, without effect.
    case elsewhere

    /// The answer in place of the right one, which `right` gives together with its effect.
    func reply(_ right: () -> FaultServer.Reply) -> FaultServer.Reply {
        switch self {
        case .errorOnce, .errorForEver: return .error(500, "InternalError")
        case .denied: return .error(403, "AccessDenied")
        case .noAnswer: return .init(course: .noAnswer)
        case .cutAnswer:
            var reply = right()
            let half = reply.body.count / 2
            reply.course = half > 0 ? .cut(after: half) : .cutHead(after: 40)
            return reply
        case .answerLost:
            _ = right()
            return .init(course: .noAnswer)
        case .webPage:
            return .init(
                text: "<!DOCTYPE html><html><body>please log in</body></html>",
                headers: [("Content-Type", "text/html")])
        case .garbage: return .init(text: "<Result><Key>db</Key><Unclosed></Result>")
        case .elsewhere:
            return .init(
                301,
                text: "<Error><Code>PermanentRedirect</Code><Message>m</Message>"
                    + "<Endpoint>elsewhere.example.org</Endpoint></Error>",
                headers: [("Location", "http://127.0.0.1:9/")])
        }
    }
}

/// A server that plays one fault at the n-th request, and else what is right.
final class SweepServer: Sendable {
    private struct State {
        var right: FaultServer.Handler = { _ in .error(500, "NotYet") }
        var fault: SweepFault?
        var place = 0
        var count = 0
        var isPlayed = false

        /// The fault of the next request.
        mutating func next() -> (fault: SweepFault?, right: FaultServer.Handler) {
            count += 1
            guard let fault, count == place || fault == .errorForEver && count > place else {
                return (nil, right)
            }
            isPlayed = true
            return (fault, right)
        }
    }

    /// Shared with the threads of the server.
    private final class Answers: Sendable {
        let state = Mutex(State())
    }

    private let answers = Answers()
    let server: FaultServer

    init() throws {
        server = try FaultServer { [answers] request in
            let (fault, right) = answers.state.withLock { $0.next() }
            return fault.map { $0.reply { right(request) } } ?? right(request)
        }
    }

    deinit { server.stop() }

    /// Answers requests with `right` from now on, but the one at `place` (from 1) with the fault.
    func play(
        _ right: @escaping FaultServer.Handler, _ fault: SweepFault? = nil, at place: Int = 0
    ) {
        answers.state.withLock { $0 = State(right: right, fault: fault, place: place) }
    }

    /// How many requests came since.
    var count: Int { answers.state.withLock { $0.count } }
    /// Whether the fault was played.
    var isPlayed: Bool { answers.state.withLock { $0.isPlayed } }
}

internal import Foundation
internal import Glibc

/// An HTTP server on loopback that plays exact answers and faults, and records what it received.
///
/// One thread a connection, HTTP/1.1 with keep-alive, no TLS. Nothing sleeps: a stall ends when
/// `release` or `stop` is called or the client gives up.
public final class FaultServer: Sendable {
    /// A request as it arrived.
    public struct Received: Sendable {
        /// `GET`
        public let method: String
        /// Path and query, percent-encoded as sent.
        public let target: String
        /// The headers in their order.
        public let headers: [(name: String, value: String)]
        /// The body, as much of it as was read; empty where the server keeps none.
        public let body: [UInt8]
        /// The number of its connection, from 0.
        public let connection: Int
        /// Its number on that connection, from 0.
        public let turn: Int

        /// The first header of this name, whatever its letter case.
        public subscript(name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }

        /// The path, percent-encoded as sent.
        public var path: String { String(target.prefix { $0 != "?" }) }

        /// The query's names and values, decoded.
        public var query: [String: String] {
            let text = target.drop { $0 != "?" }.dropFirst()
            var query: [String: String] = [:]
            for item in text.split(separator: "&") {
                let name = item.prefix { $0 != "=" }
                let value = item.dropFirst(name.count + 1)
                query[name.removingPercentEncoding ?? ""] = value.removingPercentEncoding ?? ""
            }
            return query
        }
    }

    /// An answer, and what goes wrong with it.
    public struct Reply: Sendable {
        /// What goes wrong.
        public enum Course: Sendable {
            /// Nothing.
            case whole
            /// The connection ends after so many bytes of the body.
            case cut(after: Int)
            /// The connection is reset after so many bytes of the body.
            case reset(after: Int)
            /// The connection ends after so many bytes of status line and headers.
            case cutHead(after: Int)
            /// The connection ends before the answer: the request had its effect, or not.
            case noAnswer
            /// The connection is reset before the answer.
            case resetWithoutAnswer
            /// Nothing is sent until `release`.
            case stall
            /// After so many bytes of the body nothing is sent until `release`.
            case stallWithin(after: Int)
            /// So many bytes of the body at a time, so many milliseconds apart.
            case drip(bytes: Int, milliseconds: Int)
        }

        /// The status.
        public var status: Int
        /// Headers; `Content-Length` and `Date` are added where they are missing. One without a
        /// value is left out, and not added either.
        public var headers: [(name: String, value: String)]
        /// The body.
        public var body: [UInt8]
        /// What goes wrong.
        public var course: Course
        /// Whether the connection ends after the answer, unannounced.
        public var closes = false
        /// The most that is read of the request's body before answering; nil reads all of it.
        public var readsAtMost: Int?
        /// Milliseconds between the pieces, of at most 64 KiB, in which that is read.
        public var readPause: Int?

        /// An answer.
        public init(
            _ status: Int = 200, _ body: [UInt8] = [],
            headers: [(name: String, value: String)] = [], course: Course = .whole
        ) {
            self.status = status
            self.headers = headers
            self.body = body
            self.course = course
        }

        /// An answer whose body is text.
        public init(
            _ status: Int = 200, text: String, headers: [(name: String, value: String)] = [],
            course: Course = .whole
        ) {
            self.init(status, Array(text.utf8), headers: headers, course: course)
        }

        /// An `Error` document of S3.
        public static func error(_ status: Int, _ code: String, message: String = "m") -> Reply {
            Reply(
                status,
                text: "<Error><Code>\(code)</Code><Message>\(message)</Message>"
                    + "<RequestId>RID</RequestId></Error>")
        }
    }

    /// Answers a request whose body has been read.
    public typealias Handler = @Sendable (Received) -> Reply

    private let loop: Loop

    /// A server that asks `answer` for every request. `head`, if it gives a reply, answers before
    /// the body is read (but for `readsAtMost` of it) and ends the connection. Bodies are kept
    /// for whoever asks afterwards, unless `keepsBodies` is false: then they are read and dropped.
    public init(
        keepsBodies: Bool = true, head: @escaping @Sendable (Received) -> Reply? = { _ in nil },
        answer: @escaping Handler
    ) throws {
        loop = try Loop(keepsBodies: keepsBodies, head: head, answer: answer)
        loop.begin()
    }

    /// A server that plays these answers in the order in which requests arrive, then 500s whose
    /// code is `ScriptEnded`.
    public convenience init(_ script: [Reply]) throws {
        let script = Script(script)
        try self.init(
            head: { _ in script.next { $0.readsAtMost != nil } },
            answer: { _ in script.next { _ in true } ?? .error(500, "ScriptEnded") })
    }

    deinit { loop.stop() }

    /// The port on 127.0.0.1.
    public var port: Int { loop.port }

    /// `http://127.0.0.1:PORT`
    public var url: String { "http://127.0.0.1:\(port)" }

    /// The requests so far, in the order in which their bodies were read.
    public var requests: [Received] { loop.state.withLock { loop.received } }

    /// How many connections were accepted.
    public var connectionCount: Int { loop.state.withLock { loop.accepted } }

    /// Lets every stall go on, now and later.
    public func release() { loop.release() }

    /// Ends every connection and takes no more; returns when all threads have ended.
    public func stop() { loop.stop() }
}

/// The threads of a server: one accepts, one serves each connection.
private final class Loop: @unchecked Sendable {
    let port: Int
    /// Guards what follows it.
    let state = NSCondition()
    var received: [FaultServer.Received] = []
    var accepted = 0
    private var connections: Set<Int32> = []
    private var threads = 0
    private var isStopped = false

    private let listener: Int32
    /// A pipe; its reading end is readable once stalls may end.
    private let gate: (read: Int32, write: Int32)
    private let keepsBodies: Bool
    private let head: @Sendable (FaultServer.Received) -> FaultServer.Reply?
    private let answer: FaultServer.Handler

    init(
        keepsBodies: Bool,
        head: @escaping @Sendable (FaultServer.Received) -> FaultServer.Reply?,
        answer: @escaping FaultServer.Handler
    ) throws {
        self.keepsBodies = keepsBodies
        self.head = head
        self.answer = answer
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        // A program that a test starts must not keep connections of others open.
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var ends: [Int32] = [0, 0]
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        guard isListening, pipe(&ends) == 0 else {
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        listener = descriptor
        gate = (ends[0], ends[1])
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit {
        close(gate.read)
        close(gate.write)
    }

    func begin() { start { $0.acceptConnections() } }

    func release() { _ = write(gate.write, "x", 1) }

    func stop() {
        state.lock()
        defer { state.unlock() }
        if !isStopped {
            isStopped = true
            shutdown(listener, Int32(SHUT_RDWR))
            for connection in connections { shutdown(connection, Int32(SHUT_RDWR)) }
            release()
        }
        while threads > 0 { state.wait() }
    }

    private func start(_ work: @escaping @Sendable (Loop) -> Void) {
        state.withLock { threads += 1 }
        Thread.detachNewThread { [self] in
            work(self)
            state.withLock {
                threads -= 1
                state.broadcast()
            }
        }
    }

    private func acceptConnections() {
        while true {
            let descriptor = accept(listener, nil, nil)
            if descriptor < 0, errno == EINTR { continue }
            guard descriptor >= 0 else { break }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            let number: Int? = state.withLock {
                guard !isStopped else { return nil }
                connections.insert(descriptor)
                accepted += 1
                return accepted - 1
            }
            guard let number else {
                close(descriptor)
                break
            }
            start { $0.serve(Peer(descriptor: descriptor, gate: $0.gate.read), number) }
        }
        close(listener)
    }

    private func serve(_ peer: Peer, _ number: Int) {
        var turn = 0
        while let request = peer.readHead(connection: number, turn: turn) {
            if let reply = head(request) {
                if reply.readPause != nil { peer.narrow() }
                let read = peer.readBody(
                    of: request, atMost: reply.readsAtMost ?? 0, pause: reply.readPause)
                state.withLock { received.append(read) }
                _ = peer.play(reply, to: request)
                break
            }
            let whole = peer.readBody(of: request, atMost: .max, keeps: keepsBodies)
            state.withLock { received.append(whole) }
            guard peer.play(answer(whole), to: request) else { break }
            turn += 1
        }
        state.withLock {
            connections.remove(peer.descriptor)
            close(peer.descriptor)
        }
    }
}

/// Replies in the order in which they are taken.
private final class Script: @unchecked Sendable {
    private let lock = NSLock()
    private var replies: ArraySlice<FaultServer.Reply>

    init(_ replies: [FaultServer.Reply]) { self.replies = replies[...] }

    func next(where condition: (FaultServer.Reply) -> Bool) -> FaultServer.Reply? {
        lock.withLock {
            guard let reply = replies.first, condition(reply) else { return nil }
            return replies.removeFirst()
        }
    }
}

/// One connection: its bytes, and the ways in which it may end.
private final class Peer: @unchecked Sendable {
    let descriptor: Int32
    private let gate: Int32
    private var unread: [UInt8] = []

    /// `POLLRDHUP`, which Glibc's module leaves out: the client has ended its side.
    private static let hangUp: Int16 = 0x2000

    init(descriptor: Int32, gate: Int32) {
        self.descriptor = descriptor
        self.gate = gate
    }

    /// The request line and headers; nil at the end of the connection.
    func readHead(connection: Int, turn: Int) -> FaultServer.Received? {
        let mark = Array("\r\n\r\n".utf8)
        var end: Int?
        while true {
            end =
                unread.count < 4
                ? nil
                : (0...unread.count - 4).first {
                    unread[$0..<$0 + 4].elementsEqual(mark)
                }
            if end != nil { break }
            guard readMore() else { return nil }
            if unread[0] == 0x16 {
                // A TLS handshake: this server, like most, answers it in plain text.
                send(Array("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".utf8))
                return nil
            }
        }
        let text = String(decoding: unread[..<end!], as: UTF8.self)
        unread.removeFirst(end! + 4)
        var lines = text.components(separatedBy: "\r\n")
        let words = lines.removeFirst().split(separator: " ")
        guard words.count == 3 else { return nil }
        let headers = lines.map { line in
            let name = line.prefix { $0 != ":" }
            let value = line.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces)
            return (name: String(name), value: value)
        }
        return FaultServer.Received(
            method: String(words[0]), target: String(words[1]), headers: headers, body: [],
            connection: connection, turn: turn)
    }

    /// Keeps the kernel from taking much more than is read.
    func narrow() {
        var size: Int32 = 256 << 10
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout.size(ofValue: size)))
    }

    func readBody(
        of request: FaultServer.Received, atMost limit: Int, pause: Int? = nil, keeps: Bool = true
    ) -> FaultServer.Received {
        let wanted = min(Int(request["content-length"] ?? "0") ?? 0, limit)
        if wanted > unread.count, request["expect"] != nil {
            send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
        }
        if !keeps {
            drop(wanted)
            return request
        }
        while unread.count < wanted, readMore() {
            if let pause { _ = wait(milliseconds: pause) }
        }
        let body = Array(unread.prefix(wanted))
        unread.removeFirst(body.count)
        return FaultServer.Received(
            method: request.method, target: request.target, headers: request.headers, body: body,
            connection: request.connection, turn: request.turn)
    }

    private func drop(_ count: Int) {
        var left = count
        while left > 0, !unread.isEmpty || readMore() {
            let dropped = min(left, unread.count)
            unread.removeFirst(dropped)
            left -= dropped
        }
    }

    /// Sends an answer; false where the connection is over.
    func play(_ reply: FaultServer.Reply, to request: FaultServer.Received) -> Bool {
        let head = headBytes(of: reply)
        let body = request.method == "HEAD" ? [] : reply.body
        switch reply.course {
        case .whole: send(head + body)
        case .cut(let count):
            send(head + body.prefix(count))
            return false
        case .reset(let count):
            send(head + body.prefix(count))
            return reset()
        case .cutHead(let count):
            send(Array(head.prefix(count)))
            return false
        case .noAnswer: return false
        case .resetWithoutAnswer: return reset()
        case .stall:
            guard stall() else { return false }
            send(head + body)
        case .stallWithin(let count):
            send(head + body.prefix(count))
            guard stall() else { return false }
            send(Array(body.dropFirst(count)))
        case .drip(let count, let milliseconds):
            send(head)
            var rest = body[...]
            while !rest.isEmpty {
                guard send(Array(rest.prefix(count))) else { return false }
                rest = rest.dropFirst(count)
                _ = wait(milliseconds: milliseconds)
            }
        }
        return !reply.closes && request["connection"]?.lowercased() != "close"
    }

    private func headBytes(of reply: FaultServer.Reply) -> [UInt8] {
        var text = "HTTP/1.1 \(reply.status) Reason\r\n"
        let names = Set(reply.headers.map { $0.name.lowercased() })
        for header in reply.headers where !header.value.isEmpty {
            text += "\(header.name): \(header.value)\r\n"
        }
        if !names.contains("content-length"), !names.contains("transfer-encoding") {
            text += "Content-Length: \(reply.body.count)\r\n"
        }
        if !names.contains("date") {
            let format = DateFormatter()
            format.locale = Locale(identifier: "en_US_POSIX")
            format.timeZone = TimeZone(identifier: "GMT")
            format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
            text += "Date: \(format.string(from: Date()))\r\n"
        }
        return Array((text + "\r\n").utf8)
    }

    /// Waits until stalls may end; false if the client ended the connection first.
    private func stall() -> Bool { wait(milliseconds: -1) }

    private func wait(milliseconds: Int) -> Bool {
        var watched = [
            pollfd(fd: descriptor, events: Peer.hangUp, revents: 0),
            pollfd(fd: gate, events: milliseconds < 0 ? Int16(POLLIN) : 0, revents: 0),
        ]
        while poll(&watched, 2, Int32(milliseconds)) < 0, errno == EINTR {}
        return watched[0].revents == 0
    }

    /// Ends the connection with a reset: what was not sent yet is thrown away.
    private func reset() -> Bool {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &linger,
            socklen_t(MemoryLayout.size(ofValue: linger)))
        return false
    }

    @discardableResult
    private func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private func readMore() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            unread += buffer[..<count]
            return true
        }
    }
}

internal import CGPGME
internal import Glibc

/// A descriptor that gpgme wants to be watched.
final class Watch {
    enum Role { case unknown, input, output }

    let descriptor: Int32
    let isWriting: Bool
    let handler: gpgme_io_cb_t
    let context: UnsafeMutableRawPointer?
    var role = Role.unknown
    var isActive = true
    unowned let pump: Pump

    init(
        _ descriptor: Int32, isWriting: Bool, _ handler: @escaping gpgme_io_cb_t,
        _ context: UnsafeMutableRawPointer?, _ pump: Pump
    ) {
        self.descriptor = descriptor
        self.isWriting = isWriting
        self.handler = handler
        self.context = context
        self.pump = pump
    }

    func callHandler() { _ = handler(context, descriptor) }

    /// From now on the descriptor is ours to read or write.
    func takeOver(_ role: Role) {
        self.role = role
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        _ = fcntl(descriptor, Int32(FCNTL_SET_PIPE_SIZE), Pump.bufferSize)
    }
}

/// The state of the loop, which gpgme's callbacks reach by pointer.
final class Pump {
    static let bufferSize: Int32 = 256 << 10
    private static let mostStatuses = 1000

    var watches: [Watch] = []
    var feed = UnsafeRawBufferPointer(start: nil, count: 0)[...]
    /// No more will be fed.
    var isEnded = false
    /// gpg has closed its end of the input.
    var isInputClosed = false
    /// The operation cannot succeed any more, and needs no more input.
    var isHopeless: Bool { outcome != nil || isInputClosed || isFailed }
    private var isFailed = false
    /// How often gpgme asked for input, by which the pipe of the input is recognised.
    var questions = 0
    /// What came through gpgme before the pipe of the output was known.
    var early: [UInt8] = []
    var statuses: [Status] = []
    /// 0 or gpgme's error, once the operation is over.
    var outcome: gpgme_error_t?
    private let buffer = UnsafeMutableRawBufferPointer.allocate(
        byteCount: Int(Pump.bufferSize), alignment: 64)

    deinit { buffer.deallocate() }

    /// Waits until something can be done, and does it.
    func step(_ cancellation: Int32?, _ operation: String, _ deliver: Sink) throws {
        let current = watches.filter(isWanted)
        var polls = current.map {
            pollfd(
                fd: $0.descriptor, events: Int16($0.isWriting ? POLLOUT : POLLIN), revents: 0)
        }
        polls.append(pollfd(fd: cancellation ?? -1, events: Int16(POLLIN), revents: 0))
        let ready = retrying { poll(&polls, nfds_t(polls.count), -1) }
        guard ready >= 0 else {
            throw OpenPGPError(operation, "", .engine("poll fails with error \(errno)"))
        }
        if polls[current.count].revents != 0 { throw OpenPGPError(operation, "", .cancelled) }
        for (watch, poll) in zip(current, polls) where poll.revents != 0 && watch.isActive {
            try watch.isWriting ? write(watch) : read(watch, deliver)
        }
    }

    private func isWanted(_ watch: Watch) -> Bool {
        guard watch.isWriting else { return true }
        if watch.role == .unknown, watches.contains(where: { $0.role == .input }) {
            // The pipe by which questions are answered.
            return true
        }
        return !feed.isEmpty || isEnded
    }

    private func write(_ watch: Watch) throws {
        guard watch.role == .input, !feed.isEmpty else {
            let before = questions
            watch.callHandler()
            if questions > before, watch.isActive { watch.takeOver(.input) }
            return
        }
        let count = retrying {
            Glibc.write(watch.descriptor, feed.base.baseAddress! + feed.startIndex, feed.count)
        }
        if count >= 0 {
            feed = feed.dropFirst(count)
        } else if errno != EAGAIN {
            // gpg wants no more. gpgme closes the pipe when it gets no input from us.
            feed = feed.dropFirst(feed.count)
            isEnded = true
            watch.callHandler()
        }
        if !watch.isActive { isInputClosed = true }
    }

    private func read(_ watch: Watch, _ deliver: Sink) throws {
        if watch.role == .output {
            let count = retrying { Glibc.read(watch.descriptor, buffer.baseAddress, buffer.count) }
            if count > 0 {
                return try deliver(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
            if count < 0, errno == EAGAIN { return }
        }
        // At the end gpgme reads it again, and closes the pipe.
        watch.callHandler()
        guard !early.isEmpty else { return }
        if watch.isActive { watch.takeOver(.output) }
        let first = early
        early.removeAll()
        try first.withUnsafeBytes { try deliver($0) }
    }

    /// Lends gpgme input; little enough to go through an empty pipe at once, because what it
    /// keeps for later would be overtaken by what we write ourselves.
    func lend(_ buffer: UnsafeMutableRawPointer, _ size: Int) -> Int {
        questions += 1
        let part = feed.prefix(min(size, 512))
        buffer.copyMemory(
            from: UnsafeRawBufferPointer(rebasing: part).baseAddress ?? UnsafeRawPointer(buffer),
            byteCount: part.count)
        feed = feed.dropFirst(part.count)
        return part.count
    }

    func note(_ status: Status) {
        if status.keyword == "DECRYPTION_FAILED" { isFailed = true }
        if statuses.count < Self.mostStatuses { statuses.append(status) }
    }
}

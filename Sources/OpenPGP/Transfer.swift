internal import CGPGME
internal import Glibc

/// Takes the bytes that a stage hands on; they are valid only during the call.
typealias Sink = (UnsafeRawBufferPointer) throws -> Void

/// One operation of gpg on a stream, with its pipes driven by us.
///
/// gpgme starts gpg, reads its status lines and answers its questions. The two pipes with data
/// are found out at their first use and from then on read and written directly: gpgme's own loop
/// formats a trace of every byte, which takes twice the time.
final class Transfer {
    private let context: Context
    private let operation: String
    private let pump: Pump
    private let callbacks: UnsafeMutablePointer<gpgme_data_cbs>
    private var input: gpgme_data_t?
    private var output: gpgme_data_t?
    private let cancellation: Int32?

    /// What gpg said, in order.
    var statuses: [Status] { pump.statuses }

    /// Starts an operation. `cancellation` is a descriptor that becomes readable when all is to
    /// stop.
    init(
        _ context: Context, operation: String, cancellation: Int32?,
        start: (gpgme_ctx_t, gpgme_data_t, gpgme_data_t) -> gpgme_error_t
    ) throws {
        self.context = context
        self.operation = operation
        self.cancellation = cancellation
        pump = Pump()
        callbacks = .allocate(capacity: 1)
        callbacks.initialize(
            to: gpgme_data_cbs(read: readInput, write: writeOutput, seek: nil, release: nil))
        let hook = Unmanaged.passUnretained(pump).toOpaque()
        try context.check(gpgme_data_new_from_cbs(&input, callbacks, hook))
        try context.check(gpgme_data_new_from_cbs(&output, callbacks, hook))
        guard let input, let output else {
            throw OpenPGPError(operation, "", .engine("no memory"))
        }
        var loop = gpgme_io_cbs(
            add: addWatch, add_priv: hook, remove: removeWatch, event: noteEvent, event_priv: hook)
        gpgme_set_io_cbs(context.handle, &loop)
        gpgme_set_status_cb(context.handle, noteStatus, hook)
        do {
            try context.check(start(context.handle, input, output))
        } catch {
            gpgme_cancel(context.handle)
            throw error
        }
    }

    deinit {
        // Closes the pipes, at which gpg ends.
        if pump.outcome == nil { gpgme_cancel(context.handle) }
        gpgme_set_status_cb(context.handle, nil, nil)
        gpgme_data_release(input)
        gpgme_data_release(output)
        callbacks.deallocate()
    }

    /// Gives gpg more input; what it puts out meanwhile goes to `deliver`.
    ///
    /// Returns when gpg has taken everything, or when it wants no more: then the operation has
    /// failed, and ``finish(_:)`` says why.
    func send(_ bytes: UnsafeRawBufferPointer, _ deliver: Sink) throws {
        pump.feed = bytes[...]
        defer { pump.feed = UnsafeRawBufferPointer(start: nil, count: 0)[...] }
        while !pump.feed.isEmpty, !pump.isHopeless {
            try pump.step(cancellation, operation, deliver)
        }
        if pump.isHopeless {
            // gpg would read on to the end of a message that it cannot open.
            pump.feed = pump.feed.suffix(0)
            try finish(deliver)
            throw OpenPGPError(operation, "", .gpgDied)
        }
    }

    /// Ends the input and runs to the end; throws what gpgme takes for an error.
    ///
    /// gpgme does not see how gpg exits: a gpg that was killed looks like one that is done. The
    /// caller looks for the status lines that only a complete operation has.
    func finish(_ deliver: Sink) throws {
        pump.isEnded = true
        while pump.outcome == nil { try pump.step(cancellation, operation, deliver) }
        if let error = pump.outcome { try context.check(error) }
    }

    /// How many lines with this keyword came.
    func count(of keyword: String) -> Int {
        pump.statuses.count { $0.keyword == keyword }
    }

    /// Whether a line with this keyword came.
    func has(_ keyword: String) -> Bool { count(of: keyword) > 0 }

    /// What the first line with this keyword says.
    func fields(of keyword: String) -> [Substring] {
        pump.statuses.first { $0.keyword == keyword }?.fields ?? []
    }
}

/// A status line of gpg (doc/DETAILS in its sources).
struct Status: Hashable {
    let keyword: String
    let arguments: String

    /// The arguments, split at spaces.
    var fields: [Substring] { arguments.split(separator: " ") }
}

private func pump(_ hook: UnsafeMutableRawPointer?) -> Pump {
    Unmanaged<Pump>.fromOpaque(hook!).takeUnretainedValue()
}

private func readInput(
    _ hook: UnsafeMutableRawPointer?, _ buffer: UnsafeMutableRawPointer?, _ size: Int
) -> Int {
    pump(hook).lend(buffer!, size)
}

private func writeOutput(
    _ hook: UnsafeMutableRawPointer?, _ bytes: UnsafeRawPointer?, _ size: Int
) -> Int {
    pump(hook).early.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: size))
    return size
}

private func addWatch(
    _ hook: UnsafeMutableRawPointer?, _ descriptor: Int32, _ isReading: Int32,
    _ handler: gpgme_io_cb_t?, _ context: UnsafeMutableRawPointer?,
    _ tag: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> gpgme_error_t {
    let pump = pump(hook)
    let watch = Watch(descriptor, isWriting: isReading == 0, handler!, context, pump)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    pump.watches.append(watch)
    tag?.pointee = Unmanaged.passRetained(watch).toOpaque()
    return 0
}

private func removeWatch(_ tag: UnsafeMutableRawPointer?) {
    guard let tag else { return }
    let watch = Unmanaged<Watch>.fromOpaque(tag).takeRetainedValue()
    watch.isActive = false
    watch.pump.watches.removeAll { $0 === watch }
}

private func noteEvent(
    _ hook: UnsafeMutableRawPointer?, _ event: gpgme_event_io_t,
    _ details: UnsafeMutableRawPointer?
) {
    guard event == GPGME_EVENT_DONE else { return }
    let done = details?.assumingMemoryBound(to: gpgme_io_event_done_data.self).pointee
    let error = done.map { $0.err != 0 ? $0.err : $0.op_err } ?? 0
    pump(hook).outcome = error
}

private func noteStatus(
    _ hook: UnsafeMutableRawPointer?, _ keyword: UnsafePointer<CChar>?,
    _ arguments: UnsafePointer<CChar>?
) -> gpgme_error_t {
    guard let keyword, keyword.pointee != 0 else { return 0 }
    pump(hook).note(
        Status(
            keyword: String(cString: keyword),
            arguments: arguments.map { String(cString: $0) } ?? ""))
    return 0
}

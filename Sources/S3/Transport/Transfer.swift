internal import CCurl

/// One answer as it arrives. libcurl's callbacks find it behind their pointer.
final class Transfer {
    private let handle: UnsafeMutableRawPointer
    private let receiver: Receiver?
    private let maximumBytes: Int
    private(set) var answer = Answer(status: 0, headers: [])
    private(set) var receiverError: (any Error)?
    private(set) var isTooLarge = false
    private(set) var hasAnswer = false
    /// Whether the headers ended as they must: libcurl takes a connection that ends among them
    /// for the end of a short answer.
    private(set) var hasWholeHead = false
    /// Bytes of headers and body so far.
    private(set) var received = 0
    private var headerBytes = 0
    private var hasBegun = false

    /// More than any S3 server sends in headers.
    private static let maximumHeaderBytes = 256 << 10
    /// More than any `Error` document has; what comes after it is not looked at.
    private static let maximumErrorBytes = 64 << 10

    init(handle: UnsafeMutableRawPointer, receiver: Receiver?, maximumBytes: Int) {
        self.handle = handle
        self.receiver = receiver
        self.maximumBytes = maximumBytes
    }

    /// The transfer behind a pointer that libcurl was given.
    static func of(_ state: UnsafeMutableRawPointer?) -> Transfer {
        Unmanaged<Transfer>.fromOpaque(state.unsafelyUnwrapped).takeUnretainedValue()
    }

    private var isSuccess: Bool { (200..<300).contains(answer.status) }

    /// Takes a header line; a status line begins a new answer (after a 100, say). Gives the
    /// number of bytes taken: any other than all ends the exchange.
    func take(header bytes: UnsafeRawBufferPointer) -> Int {
        hasAnswer = true
        received += bytes.count
        headerBytes += bytes.count
        guard headerBytes <= Transfer.maximumHeaderBytes else {
            isTooLarge = true
            return 0
        }
        let line = String(decoding: bytes, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            answer = Answer(status: s3_curl_get_long(handle, CURLINFO_RESPONSE_CODE), headers: [])
            hasWholeHead = false
        } else if line == "\r\n" || line == "\n" {
            hasWholeHead = true
        } else if let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) {
            let value = line[line.utf8.index(after: colon)...]
            answer.headers.append(Header(String(line[..<colon]), trimmed(value)))
        }
        return bytes.count
    }

    /// Takes bytes of the body: hands those of a success to the receiver, collects others.
    func take(body bytes: UnsafeRawBufferPointer) -> Int {
        received += bytes.count
        guard isSuccess else {
            let room = max(0, Transfer.maximumErrorBytes - answer.body.count)
            answer.body.append(contentsOf: bytes.prefix(room))
            return bytes.count
        }
        guard let receiver else {
            isTooLarge = answer.body.count + bytes.count > maximumBytes
            if isTooLarge { return 0 }
            answer.body.append(contentsOf: bytes)
            return bytes.count
        }
        do {
            try begin(receiver)
            try receiver.receive(bytes)
            return bytes.count
        } catch {
            receiverError = error
            return 0
        }
    }

    /// Tells the receiver that a successful answer is whole.
    func finish() {
        guard isSuccess, let receiver else { return }
        do {
            try begin(receiver)
            try receiver.finish(answer)
        } catch {
            receiverError = error
        }
    }

    private func begin(_ receiver: Receiver) throws {
        if hasBegun { return }
        hasBegun = true
        try receiver.begin(answer)
    }

    private func trimmed(_ text: Substring) -> String {
        let bytes = text.utf8.drop(while: isWhitespace)
        let end = bytes.lastIndex { !isWhitespace($0) }
        return end.map { String(Substring(bytes[...$0])) } ?? ""
    }
}

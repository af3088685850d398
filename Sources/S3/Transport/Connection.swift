internal import CCurl

/// One libcurl handle: sends a signed request and reads its answer; keeps the connection alive.
///
/// Certificates are always verified, redirects never followed, and no protocol but HTTP spoken.
final class Connection {
    /// How an exchange ended.
    struct Outcome {
        var answer: Answer
        /// libcurl's result; `CURLE_OK` for a whole answer, whatever its status.
        var code: CURLcode
        /// libcurl's words where it failed.
        var message: String
        /// Whether a byte of an answer came.
        var hasAnswer: Bool
        /// Whether the connection had served a request before.
        var wasReused: Bool
        /// What the reader of the body threw.
        var readerError: (any Error)?
    }

    private let handle: UnsafeMutableRawPointer
    private var errorText = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))

    private static let initialized: Void = { _ = curl_global_init(Int(CURL_GLOBAL_ALL)) }()

    init(options: Client.Options) {
        _ = Connection.initialized
        guard let handle = curl_easy_init() else { fatalError("libcurl is out of memory") }
        self.handle = handle
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        set(CURLOPT_PATH_AS_IS, 1)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_BUFFERSIZE, 512 << 10)
        set(CURLOPT_CONNECTTIMEOUT_MS, options.connectMilliseconds)
        // No byte for so long ends the exchange; bytes that trickle do not.
        set(CURLOPT_LOW_SPEED_LIMIT, 1)
        set(CURLOPT_LOW_SPEED_TIME, options.stallSeconds)
        s3_curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        s3_curl_set_text(handle, CURLOPT_USERAGENT, options.userAgent)
        if let bundle = options.caBundle { s3_curl_set_text(handle, CURLOPT_CAINFO, bundle) }
    }

    deinit { curl_easy_cleanup(handle) }

    /// Sends `request` with `body` and hands the bytes of a successful answer to `reader`, which
    /// may throw to end the exchange; other answers are collected.
    func exchange(
        _ request: SignedRequest, body: [UInt8],
        reader: ((UnsafeRawBufferPointer) throws -> Void)?
    ) -> Outcome {
        let transfer = Transfer(handle: handle, reader: reader)
        var list: UnsafeMutablePointer<curl_slist>?
        for header in request.headers {
            list = curl_slist_append(list, "\(header.name): \(header.value)")
        }
        // libcurl would wait for a go-ahead that many servers never send.
        list = curl_slist_append(list, "Expect:")
        defer { curl_slist_free_all(list) }
        s3_curl_set_text(handle, CURLOPT_URL, request.url)
        s3_curl_set_pointer(handle, CURLOPT_HTTPHEADER, list)
        set(method: request.method)
        let code = withExtendedLifetime(transfer) {
            perform(transfer, request.method, body)
        }
        let message = String(
            decoding: errorText.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let reused = s3_curl_get_long(handle, CURLINFO_NUM_CONNECTS) == 0
        return Outcome(
            answer: transfer.answer, code: code,
            message: message.isEmpty ? String(cString: curl_easy_strerror(code)) : message,
            hasAnswer: transfer.hasAnswer, wasReused: reused, readerError: transfer.readerError)
    }

    private func perform(
        _ transfer: Transfer, _ method: Request.Method, _ body: [UInt8]
    ) -> CURLcode {
        let state = Unmanaged.passUnretained(transfer).toOpaque()
        s3_curl_set_pointer(handle, CURLOPT_WRITEDATA, state)
        s3_curl_set_function(handle, CURLOPT_WRITEFUNCTION) { bytes, _, count, state in
            Transfer.of(state).take(body: UnsafeRawBufferPointer(start: bytes, count: count))
        }
        s3_curl_set_pointer(handle, CURLOPT_HEADERDATA, state)
        s3_curl_set_function(handle, CURLOPT_HEADERFUNCTION) { bytes, _, count, state in
            Transfer.of(state).take(header: UnsafeRawBufferPointer(start: bytes, count: count))
        }
        return errorText.withUnsafeMutableBufferPointer { text in
            text[0] = 0
            s3_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, text.baseAddress)
            defer { s3_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, nil) }
            return body.withUnsafeBytes { bytes in
                if method == .put || method == .post {
                    let start = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
                    s3_curl_set_pointer(handle, CURLOPT_POSTFIELDS, start)
                    s3_curl_set_offset(
                        handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count))
                }
                return curl_easy_perform(handle)
            }
        }
    }

    private func set(method: Request.Method) {
        set(CURLOPT_NOBODY, method == .head ? 1 : 0)
        s3_curl_set_text(handle, CURLOPT_CUSTOMREQUEST, nil)
        switch method {
        case .get, .head: set(CURLOPT_HTTPGET, method == .get ? 1 : 0)
        case .delete:
            set(CURLOPT_HTTPGET, 1)
            s3_curl_set_text(handle, CURLOPT_CUSTOMREQUEST, "DELETE")
        case .put, .post:
            set(CURLOPT_POST, 1)
            s3_curl_set_text(handle, CURLOPT_CUSTOMREQUEST, method.rawValue)
        }
    }

    private func set(_ option: CURLoption, _ value: Int) { s3_curl_set_long(handle, option, value) }
}

/// One answer as it arrives.
private final class Transfer {
    private let handle: UnsafeMutableRawPointer
    private let reader: ((UnsafeRawBufferPointer) throws -> Void)?
    var answer = Answer(status: 0, headers: [])
    var hasAnswer = false
    var readerError: (any Error)?

    /// More of an answer than this is not collected.
    private static let maximumBytes = 4 << 20

    init(
        handle: UnsafeMutableRawPointer, reader: ((UnsafeRawBufferPointer) throws -> Void)?
    ) {
        self.handle = handle
        self.reader = reader
    }

    static func of(_ state: UnsafeMutableRawPointer?) -> Transfer {
        Unmanaged<Transfer>.fromOpaque(state!).takeUnretainedValue()
    }

    /// Takes a header line; a status line begins a new answer (after a 100, say).
    func take(header bytes: UnsafeRawBufferPointer) -> Int {
        hasAnswer = true
        let line = String(decoding: bytes, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            answer = Answer(status: s3_curl_get_long(handle, CURLINFO_RESPONSE_CODE), headers: [])
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...]
            answer.headers.append(
                Header(String(line[..<colon]), String(value.trimmingBlanks())))
        }
        return bytes.count
    }

    func take(body bytes: UnsafeRawBufferPointer) -> Int {
        if let reader, (200..<300).contains(answer.status) {
            do {
                try reader(bytes)
                return bytes.count
            } catch {
                readerError = error
                return 0
            }
        }
        guard answer.body.count + bytes.count <= Transfer.maximumBytes else { return 0 }
        answer.body.append(contentsOf: bytes)
        return bytes.count
    }
}

extension Substring {
    fileprivate func trimmingBlanks() -> Substring {
        var text = self
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}

internal import CCurl

/// One libcurl handle in a multi handle of its own: sends a signed request and reads its answer,
/// keeps the connection alive, and can be ended from another thread.
///
/// Certificates are always verified, redirects never followed, and nothing but HTTP/1.1 spoken.
final class Connection {
    private let options: Client.Options
    private let easy: UnsafeMutableRawPointer
    private let multi: UnsafeMutableRawPointer
    private let errorText: UnsafeMutablePointer<CChar>

    private static let initialized: Void = { _ = curl_global_init(Int(CURL_GLOBAL_ALL)) }()

    init(options: Client.Options) {
        _ = Connection.initialized
        guard let easy = curl_easy_init(), let multi = curl_multi_init() else {
            fatalError("libcurl is out of memory")
        }
        self.options = options
        self.easy = easy
        self.multi = UnsafeMutableRawPointer(multi)
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        configure()
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_multi_cleanup(multi)
        errorText.deallocate()
    }

    /// What holds for every exchange.
    private func configure() {
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        set(CURLOPT_PATH_AS_IS, 1)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        set(CURLOPT_BUFFERSIZE, 512 << 10)
        set(CURLOPT_UPLOAD_BUFFERSIZE, 2 << 20)
        set(CURLOPT_CONNECTTIMEOUT_MS, options.connectMilliseconds)
        s3_curl_set_text(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        s3_curl_set_text(easy, CURLOPT_USERAGENT, options.userAgent)
        if let bundle = options.caBundle { s3_curl_set_text(easy, CURLOPT_CAINFO, bundle) }
        if let rate = options.sendBytesPerSecond {
            s3_curl_set_offset(easy, CURLOPT_MAX_SEND_SPEED_LARGE, curl_off_t(rate))
        }
        s3_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText)
        s3_curl_set_function(easy, CURLOPT_WRITEFUNCTION) { bytes, _, count, state in
            Transfer.of(state).take(body: UnsafeRawBufferPointer(start: bytes, count: count))
        }
        s3_curl_set_function(easy, CURLOPT_HEADERFUNCTION) { bytes, _, count, state in
            Transfer.of(state).take(header: UnsafeRawBufferPointer(start: bytes, count: count))
        }
    }

    /// Sends a request and waits for the whole answer, or for the reason why there is none.
    func perform(_ exchange: Exchange) -> Outcome {
        let transfer = Transfer(
            handle: easy, receiver: exchange.receiver,
            maximumBytes: exchange.transfer.maximumBytes)
        let list = headerList(exchange)
        defer { curl_slist_free_all(list) }
        s3_curl_set_text(easy, CURLOPT_URL, exchange.request.url)
        s3_curl_set_pointer(easy, CURLOPT_HTTPHEADER, list)
        set(CURLOPT_FRESH_CONNECT, exchange.transfer.needsFreshConnection ? 1 : 0)
        setMethod(exchange)
        let state = Unmanaged.passUnretained(transfer).toOpaque()
        s3_curl_set_pointer(easy, CURLOPT_WRITEDATA, state)
        s3_curl_set_pointer(easy, CURLOPT_HEADERDATA, state)
        errorText[0] = 0
        let failure = withExtendedLifetime(transfer) {
            run(transfer, stall: exchange.transfer.stallMilliseconds ?? options.stallMilliseconds)
        }
        if failure == nil { transfer.finish() }
        var outcome = Outcome(answer: transfer.answer, failure: failure)
        outcome.message = words(for: failure)
        outcome.hasAnswer = transfer.hasAnswer
        outcome.wasReused = s3_curl_get_long(easy, CURLINFO_NUM_CONNECTS) == 0
        outcome.wasSent = s3_curl_get_long(easy, CURLINFO_REQUEST_SIZE) > 0
        outcome.receiverError = transfer.receiverError
        return outcome
    }

    /// Drives the exchange until it ends; nil if it ended well.
    private func run(_ transfer: Transfer, stall: Int) -> Outcome.Failure? {
        curl_multi_add_handle(multi, easy)
        defer { curl_multi_remove_handle(multi, easy) }
        var running: Int32 = 0
        var last = movement(transfer)
        var since = Monotonic.milliseconds()
        while true {
            if options.cancellation?.isCancelled == true { return .cancelled }
            let code = curl_multi_perform(multi, &running)
            guard code == CURLM_OK else { return .library(CURLE_FAILED_INIT.rawValue) }
            if running == 0 { return result(transfer) }
            let now = Monotonic.milliseconds()
            let moved = movement(transfer)
            if moved != last {
                last = moved
                since = now
            } else if now - since >= stall {
                return .stalled(stall)
            }
            wait(milliseconds: min(stall - (now - since), 1000))
        }
    }

    /// Waits for the connection, for a cancellation, or for so long.
    private func wait(milliseconds: Int) {
        var cancellation = curl_waitfd(
            fd: options.cancellation?.descriptor ?? -1, events: Int16(CURL_WAIT_POLLIN), revents: 0)
        let count: UInt32 = cancellation.fd < 0 ? 0 : 1
        curl_multi_poll(multi, &cancellation, count, Int32(max(milliseconds, 1)), nil)
    }

    /// Changes whenever a byte moves in either direction, or the peer acknowledges one: a slow
    /// line is not a dead one.
    private func movement(_ transfer: Transfer) -> Movement {
        Movement(
            received: transfer.received,
            sent: Int(s3_curl_get_offset(easy, CURLINFO_SIZE_UPLOAD_T)),
            unacknowledged: Int(s3_curl_unacknowledged(easy)))
    }

    private struct Movement: Equatable {
        var received, sent, unacknowledged: Int
    }

    private func result(_ transfer: Transfer) -> Outcome.Failure? {
        var left: Int32 = 0
        var code = CURLE_OK
        while let message = curl_multi_info_read(multi, &left) {
            if message.pointee.msg == CURLMSG_DONE { code = s3_curl_result(message) }
        }
        if transfer.isTooLarge { return .tooLarge }
        return code == CURLE_OK ? nil : .library(code.rawValue)
    }

    private func words(for failure: Outcome.Failure?) -> String {
        guard case .library(let code) = failure else { return "" }
        let text = String(cString: errorText)
        return text.isEmpty ? String(cString: curl_easy_strerror(CURLcode(rawValue: code))) : text
    }

    private func headerList(_ exchange: Exchange) -> UnsafeMutablePointer<curl_slist>? {
        var lines = exchange.request.headers.map { header in
            // libcurl takes "Name:" for "send no such header", and "Name;" for an empty one.
            header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)"
        }
        // libcurl would ask before large bodies by itself, and wait for servers that never say.
        lines.append(exchange.transfer.asksBeforeSending ? "Expect: 100-continue" : "Expect:")
        if !exchange.request.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            // It would call every body a form.
            lines.append("Content-Type:")
        }
        return lines.reduce(nil) { curl_slist_append($0, $1) }
    }

    private func setMethod(_ exchange: Exchange) {
        let method = exchange.request.method
        set(CURLOPT_NOBODY, 0)
        s3_curl_set_text(easy, CURLOPT_CUSTOMREQUEST, nil)
        switch method {
        case .get: set(CURLOPT_HTTPGET, 1)
        case .head: set(CURLOPT_NOBODY, 1)
        case .delete:
            set(CURLOPT_HTTPGET, 1)
            s3_curl_set_text(easy, CURLOPT_CUSTOMREQUEST, "DELETE")
        case .put, .post:
            // Sent from where it lies. A null pointer would mean: read from standard input.
            let body = UnsafeMutableRawPointer(mutating: exchange.body.baseAddress)
            set(CURLOPT_POST, 1)
            s3_curl_set_text(easy, CURLOPT_CUSTOMREQUEST, method.rawValue)
            s3_curl_set_pointer(easy, CURLOPT_POSTFIELDS, body ?? Connection.nothing)
            s3_curl_set_offset(
                easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(exchange.body.count))
        }
    }

    private nonisolated(unsafe) static let nothing = UnsafeMutableRawPointer.allocate(
        byteCount: 1, alignment: 1)

    private func set(_ option: CURLoption, _ value: Int) { s3_curl_set_long(easy, option, value) }
}

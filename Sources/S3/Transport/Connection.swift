internal import CCurl

/// One libcurl handle in a multi handle of its own: sends a signed request and reads its answer,
/// keeps the connection alive, and can be ended from another thread.
///
/// Certificates are always verified, redirects never followed, and nothing but HTTP/1.1 spoken.
final class Connection {
    private let options: Client.Options
    /// Nil, as the other, where there was no memory; then every exchange fails of that.
    private let easy: UnsafeMutableRawPointer?
    private let multi: UnsafeMutableRawPointer?
    private let errorText: UnsafeMutablePointer<CChar>

    private static let initialized: Void = { _ = curl_global_init(Int(CURL_GLOBAL_ALL)) }()

    init(options: Client.Options) {
        _ = Connection.initialized
        self.options = options
        easy = curl_easy_init()
        multi = easy == nil ? nil : curl_multi_init().map { UnsafeMutableRawPointer($0) }
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        if let easy, multi != nil { configure(easy) }
    }

    deinit {
        if let easy { curl_easy_cleanup(easy) }
        if let multi { curl_multi_cleanup(multi) }
        errorText.deallocate()
    }

    /// What holds for every exchange.
    private func configure(_ easy: UnsafeMutableRawPointer) {
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
        if !options.usesProxy { s3_curl_set_text(easy, CURLOPT_NOPROXY, "*") }
        if options.sendLimit != nil { configureLimit(easy) }
        s3_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText)
        s3_curl_set_function(easy, CURLOPT_WRITEFUNCTION) { bytes, _, count, state in
            Transfer.of(state).take(body: UnsafeRawBufferPointer(start: bytes, count: count))
        }
        s3_curl_set_function(easy, CURLOPT_HEADERFUNCTION) { bytes, _, count, state in
            Transfer.of(state).take(header: UnsafeRawBufferPointer(start: bytes, count: count))
        }
    }

    /// Bodies are asked for piece by piece where their rate is bounded.
    private func configureLimit(_ easy: UnsafeMutableRawPointer) {
        s3_curl_set_function(easy, CURLOPT_READFUNCTION) { bytes, _, count, state in
            let room = UnsafeMutableRawBufferPointer(start: bytes, count: count)
            return LimitedBody.of(state).read(into: room) ?? Int(CURL_READFUNC_PAUSE)
        }
        s3_curl_set_seek(easy) { state, offset, origin in
            origin == SEEK_SET && LimitedBody.of(state).seek(to: Int(offset))
                ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL
        }
    }

    /// Sends a request and waits for the whole answer, or for the reason why there is none.
    func perform(_ exchange: Exchange) -> Outcome {
        // Not even begun, so that it cannot have had an effect.
        if options.cancellation?.isCancelled == true { return .unsent(.cancelled) }
        guard let easy, let multi, let list = headerList(exchange) else {
            return .unsent(.library(CURLE_OUT_OF_MEMORY.rawValue))
        }
        defer { curl_slist_free_all(list) }
        let transfer = Transfer(
            handle: easy, receiver: exchange.receiver,
            maximumBytes: exchange.transfer.maximumBytes)
        s3_curl_set_text(easy, CURLOPT_URL, exchange.request.url)
        s3_curl_set_pointer(easy, CURLOPT_HTTPHEADER, list)
        set(CURLOPT_FRESH_CONNECT, exchange.transfer.needsFreshConnection ? 1 : 0)
        let limited = options.sendLimit.map { LimitedBody(exchange.body, $0) }
        setMethod(exchange, limited, easy)
        let state = Unmanaged.passUnretained(transfer).toOpaque()
        s3_curl_set_pointer(easy, CURLOPT_WRITEDATA, state)
        s3_curl_set_pointer(easy, CURLOPT_HEADERDATA, state)
        errorText[0] = 0
        let failure = withExtendedLifetime((transfer, limited)) {
            run(
                easy, multi, transfer, limited,
                stall: exchange.transfer.stallMilliseconds ?? options.stallMilliseconds)
        }
        if failure == nil { transfer.finish() }
        var outcome = Outcome(answer: transfer.answer, failure: failure)
        outcome.message = words(for: failure)
        outcome.hasAnswer = transfer.hasAnswer
        outcome.wasReused = s3_curl_get_long(easy, CURLINFO_NUM_CONNECTS) == 0
        outcome.wasSent = wasSent(exchange, over: easy)
        outcome.receiverError = transfer.receiverError
        outcome.proxyStatus = s3_curl_get_long(easy, CURLINFO_HTTP_CONNECTCODE)
        return outcome
    }

    /// Whether a byte of the request may have reached the server. libcurl counts what it asks a
    /// proxy for as well: over TLS nothing has left before the handshake is done.
    private func wasSent(_ exchange: Exchange, over easy: UnsafeMutableRawPointer) -> Bool {
        guard s3_curl_get_long(easy, CURLINFO_REQUEST_SIZE) > 0 else { return false }
        let isNew = s3_curl_get_long(easy, CURLINFO_NUM_CONNECTS) > 0
        return !exchange.request.url.hasPrefix("https:") || !isNew
            || s3_curl_get_offset(easy, CURLINFO_APPCONNECT_TIME_T) > 0
    }

    /// Drives the exchange until it ends; nil if it ended well.
    private func run(
        _ easy: UnsafeMutableRawPointer, _ multi: UnsafeMutableRawPointer, _ transfer: Transfer,
        _ limited: LimitedBody?, stall: Int
    ) -> Outcome.Failure? {
        curl_multi_add_handle(multi, easy)
        defer { curl_multi_remove_handle(multi, easy) }
        var running: Int32 = 0
        var last = movement(easy, multi, transfer)
        var since = Monotonic.milliseconds()
        while true {
            if options.cancellation?.isCancelled == true { return .cancelled }
            let code = curl_multi_perform(multi, &running)
            guard code == CURLM_OK else { return .library(CURLE_FAILED_INIT.rawValue) }
            if running == 0 { return result(multi, transfer) }
            let now = Monotonic.milliseconds()
            let moved = movement(easy, multi, transfer)
            if moved != last || limited?.resumesAt != nil {
                last = moved
                since = now
            } else if now - since >= stall {
                return .stalled(stall)
            }
            if limited?.resumes(at: now) == true {
                curl_easy_pause(easy, CURLPAUSE_CONT)
                continue
            }
            wait(
                multi,
                milliseconds: min(stall - (now - since), (limited?.resumesAt ?? .max) - now, 1000))
        }
    }

    /// Waits for the connection, for a cancellation, or for so long.
    private func wait(_ multi: UnsafeMutableRawPointer, milliseconds: Int) {
        var cancellation = curl_waitfd(
            fd: options.cancellation?.descriptor ?? -1, events: Int16(CURL_WAIT_POLLIN), revents: 0)
        let count: UInt32 = cancellation.fd < 0 ? 0 : 1
        curl_multi_poll(multi, &cancellation, count, Int32(max(milliseconds, 1)), nil)
    }

    /// Changes whenever a byte moves in either direction, or the peer acknowledges one: a slow
    /// line is not a dead one.
    private func movement(
        _ easy: UnsafeMutableRawPointer, _ multi: UnsafeMutableRawPointer, _ transfer: Transfer
    ) -> Movement {
        Movement(
            received: transfer.received,
            sent: Int(s3_curl_get_offset(easy, CURLINFO_SIZE_UPLOAD_T)),
            unacknowledged: Int(s3_curl_unacknowledged(multi)))
    }

    private struct Movement: Equatable {
        var received, sent, unacknowledged: Int
    }

    private func result(
        _ multi: UnsafeMutableRawPointer, _ transfer: Transfer
    ) -> Outcome.Failure? {
        var left: Int32 = 0
        var code = CURLE_OK
        while let message = curl_multi_info_read(multi, &left) {
            if message.pointee.msg == CURLMSG_DONE { code = s3_curl_result(message) }
        }
        if transfer.isTooLarge { return .tooLarge }
        if code == CURLE_OK, !transfer.hasWholeHead { code = CURLE_PARTIAL_FILE }
        return code == CURLE_OK ? nil : .library(code.rawValue)
    }

    private func words(for failure: Outcome.Failure?) -> String {
        guard case .library(let code) = failure else { return "" }
        let text = String(cString: errorText)
        return text.isEmpty ? String(cString: curl_easy_strerror(CURLcode(rawValue: code))) : text
    }

    /// Nil where there is no memory.
    private func headerList(_ exchange: Exchange) -> UnsafeMutablePointer<curl_slist>? {
        var lines = exchange.request.headers.map { header in
            // libcurl takes "Name:" for "send no such header", and "Name;" for an empty one.
            header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)"
        }
        // libcurl asks before large bodies by itself, and waits up to a second for servers that
        // never say. Asked by a header of ours it would not give in to a server that refuses it.
        if !exchange.transfer.asksBeforeSending { lines.append("Expect:") }
        if !exchange.request.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            // It would call every body a form.
            lines.append("Content-Type:")
        }
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines {
            guard let longer = curl_slist_append(list, line) else {
                curl_slist_free_all(list)
                return nil
            }
            list = longer
        }
        return list
    }

    private func setMethod(
        _ exchange: Exchange, _ limited: LimitedBody?, _ easy: UnsafeMutableRawPointer
    ) {
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
            if let limited {
                let state = Unmanaged.passUnretained(limited).toOpaque()
                s3_curl_set_pointer(easy, CURLOPT_POSTFIELDS, nil)
                s3_curl_set_pointer(easy, CURLOPT_READDATA, state)
                s3_curl_set_pointer(easy, CURLOPT_SEEKDATA, state)
            } else {
                s3_curl_set_pointer(easy, CURLOPT_POSTFIELDS, body ?? Connection.nothing)
            }
            s3_curl_set_offset(
                easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(exchange.body.count))
        }
    }

    private nonisolated(unsafe) static let nothing = UnsafeMutableRawPointer.allocate(
        byteCount: 1, alignment: 1)

    private func set(_ option: CURLoption, _ value: Int) { s3_curl_set_long(easy, option, value) }
}

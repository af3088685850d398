extension Endpoint {
    /// The endpoint that a URL names: `https://host`, with port and base path where there are any.
    ///
    /// - Parameters:
    ///   - url: from an option, a variable or a file.
    ///   - admitsPlainHTTP: whether `http` may leave this machine (`--insecure-http`); to loopback
    ///     it always may.
    ///
    /// Throws for anything that is not such a URL: no scheme, user or password, query, fragment,
    /// a host or port that cannot be, `.` or `..` in the path.
    public init(
        url: String, region: String, addressing: Addressing = .auto, admitsPlainHTTP: Bool = false
    ) throws(ConfigurationError) {
        try Endpoint.checkRegion(region)
        let parts = try EndpointURL(url)
        if parts.scheme == .http, !admitsPlainHTTP, !HostName(parts.host).isLoopback {
            throw ConfigurationError(
                subject: "endpoint \(url)",
                message: "plain http is refused to other hosts than this one",
                hint: "use https, or insist with --insecure-http")
        }
        self.init(
            scheme: parts.scheme, host: parts.host, port: parts.port, basePath: parts.path,
            region: region, addressing: addressing, followsRegion: false)
    }
}

/// The parts of an endpoint's URL.
struct EndpointURL {
    let scheme: Endpoint.Scheme
    let host: String
    let port: Int?
    let path: [UInt8]

    init(_ url: String) throws(ConfigurationError) {
        func refused(_ message: String, hint: String? = nil) -> ConfigurationError {
            ConfigurationError(subject: "endpoint \(url)", message: message, hint: hint)
        }
        let bytes = Array(url.utf8)
        guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw ConfigurationError(
                subject: "endpoint",
                message: "the URL holds a space, a control character or "
                    + "a character that is not ASCII")
        }
        guard !bytes.contains(UInt8(ascii: "@")) else {
            // Without the URL: what stands before the @ may be a password.
            throw ConfigurationError(
                subject: "endpoint", message: "the URL holds a user name or password")
        }
        guard let schemeEnd = url.firstRange(of: "://"),
            let scheme = Endpoint.Scheme(
                rawValue: url[..<schemeEnd.lowerBound].lowercased())
        else {
            throw refused(
                "the URL begins neither with https:// nor with http://",
                hint: "write it like https://s3.example.com")
        }
        let rest = url[schemeEnd.upperBound...]
        guard !rest.contains(where: { $0 == "?" || $0 == "#" || $0 == "\\" }) else {
            throw refused("the URL of an endpoint has neither query nor fragment")
        }
        let authority = rest.prefix { $0 != "/" }
        guard let (host, portText) = EndpointURL.split(authority: authority) else {
            throw refused("\"\(authority)\" is not a host")
        }
        self.scheme = scheme
        self.host = host
        if let portText {
            guard portText.utf8.allSatisfy(isDigit), let port = Int(portText),
                (1...65535).contains(port)
            else { throw refused("\"\(portText)\" is not a port") }
            self.port = port == (scheme == .https ? 443 : 80) ? nil : port
        } else {
            port = nil
        }
        guard let path = EndpointURL.path(rest[authority.endIndex...]) else {
            throw refused("the path holds a bad percent sign, a control character, \".\" or \"..\"")
        }
        self.path = path
    }

    /// Host in lowercase and without brackets; nil for what no host is.
    private static func split(authority: Substring) -> (host: String, port: Substring?)? {
        let lowercase = authority.lowercased()[...]
        if lowercase.hasPrefix("[") {
            guard let close = lowercase.firstIndex(of: "]") else { return nil }
            let host = String(lowercase[lowercase.index(after: lowercase.startIndex)..<close])
            let rest = lowercase[lowercase.index(after: close)...]
            guard HostName(host).ipv6 != nil else { return nil }
            if rest.isEmpty { return (host, nil) }
            return rest.hasPrefix(":") ? (host, rest.dropFirst()) : nil
        }
        let host = lowercase.prefix { $0 != ":" }
        let port =
            host.endIndex == lowercase.endIndex
            ? nil : lowercase[lowercase.index(after: host.endIndex)...]
        return HostName(String(host)).isDNSNameOrIPv4 ? (String(host), port) : nil
    }

    /// Decoded, without slashes at its end; empty for the root.
    private static func path(_ text: Substring) -> [UInt8]? {
        guard var path = PercentEncoding.decode(text.utf8) else { return nil }
        while path.last == UInt8(ascii: "/") { path.removeLast() }
        let segments = path.split(separator: UInt8(ascii: "/"))
        let dot = UInt8(ascii: ".")
        guard !segments.contains([dot]), !segments.contains([dot, dot]),
            path.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
        else { return nil }
        return path
    }
}

extension HostName {
    /// Labels of letters, digits, hyphens and underscores between dots; a last label of digits
    /// alone only in an IPv4 address.
    var isDNSNameOrIPv4: Bool {
        if ipv4 != nil { return true }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        guard let last = labels.last, !last.utf8.allSatisfy(isDigit), text.utf8.count <= 253 else {
            return false
        }
        return labels.allSatisfy { label in
            (1...63).contains(label.utf8.count)
                && label.utf8.first != UInt8(ascii: "-") && label.utf8.last != UInt8(ascii: "-")
                && label.utf8.allSatisfy {
                    isLowercaseLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-")
                        || $0 == UInt8(ascii: "_")
                }
        }
    }

    /// The region in the name of one of AWS's own hosts: `s3.eu-central-1.amazonaws.com`,
    /// `s3.dualstack.…`, `s3-fips.…`, `….s3.eu-central-1.vpce.amazonaws.com`.
    var awsRegion: String? {
        var labels = text.split(separator: ".").map(String.init)
        if labels.last == "cn" { labels.removeLast() }
        guard labels.suffix(2) == ["amazonaws", "com"] else { return nil }
        labels.removeLast(2)
        if labels.last == "vpce" { labels.removeLast() }
        if labels == ["s3"] { return "us-east-1" }
        guard let region = labels.last, region.contains("-"), Endpoint.isRegion(region),
            labels.dropLast().contains(where: { $0 == "s3" || $0 == "s3-fips" })
        else { return nil }
        return region
    }
}

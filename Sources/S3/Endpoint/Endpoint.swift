/// Where a bucket is reached: scheme, host, port, base path, region and addressing.
public struct Endpoint: Sendable, Hashable {
    /// How the connection is made.
    public enum Scheme: String, Sendable {
        /// TLS, always verified.
        case https
        /// Plain text: only to loopback, or where the operator insists.
        case http
    }

    /// Where the name of the bucket stands.
    public enum Addressing: String, Sendable, CaseIterable {
        /// `path` for IP addresses, loopback names and buckets that are no single DNS label under
        /// TLS; `virtual` otherwise.
        case auto
        /// `https://host/bucket/key`
        case path
        /// `https://bucket.host/key`
        case virtual
    }

    /// How the connection is made.
    public let scheme: Scheme
    /// A DNS name in lowercase, or an IP address; IPv6 without brackets.
    public let host: String
    /// The port, 1 ... 65535; nil where it is the scheme's own (443, 80).
    public let port: Int?
    /// What stands before the bucket in every path: empty, or begins with `/` and does not end
    /// with one. Not percent-encoded.
    public let basePath: [UInt8]
    /// The region that is signed: `[a-z0-9-]{1,32}`.
    public let region: String
    /// Where the name of the bucket stands.
    public let addressing: Addressing
    /// Whether the host was derived from the region, and moves with it.
    public let followsRegion: Bool
    /// Whether the host is this machine: `localhost`, a name under it, 127.0.0.0/8 or ::1.
    public let isLoopback: Bool
    /// Whether the host is an address, which no bucket's name can stand before.
    let isIPAddress: Bool

    /// The endpoint of AWS in `region`: `s3.REGION.amazonaws.com`, in China
    /// `s3.REGION.amazonaws.com.cn`.
    public init(
        awsRegion region: String, addressing: Addressing = .auto
    ) throws(ConfigurationError) {
        try Endpoint.checkRegion(region)
        let domain = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        self.init(
            scheme: .https, host: "s3.\(region).\(domain)", port: nil, basePath: [],
            region: region, addressing: addressing, followsRegion: true)
    }

    init(
        scheme: Scheme, host: String, port: Int?, basePath: [UInt8], region: String,
        addressing: Addressing, followsRegion: Bool
    ) {
        self.scheme = scheme
        self.host = host
        self.port = port
        self.basePath = basePath
        self.region = region
        self.addressing = addressing
        self.followsRegion = followsRegion
        let name = HostName(host)
        isLoopback = name.isLoopback
        isIPAddress = name.isIPAddress
    }

    /// The same endpoint for the region that a server named in its answer; the host moves too if
    /// it was derived from the region. Throws for a name that no region can have: a host is never
    /// built from an unchecked answer.
    public func moved(toRegion region: String) throws(ConfigurationError) -> Endpoint {
        if followsRegion { return try Endpoint(awsRegion: region, addressing: addressing) }
        try Endpoint.checkRegion(region)
        return Endpoint(
            scheme: scheme, host: host, port: port, basePath: basePath, region: region,
            addressing: addressing, followsRegion: false)
    }

    /// Whether `text` can be the name of a region: `[a-z0-9-]{1,32}`.
    public static func isRegion(_ text: some StringProtocol) -> Bool {
        (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    static func checkRegion(_ region: String) throws(ConfigurationError) {
        guard isRegion(region) else {
            throw ConfigurationError(
                subject: "region", message: "\"\(region)\" is not a region",
                hint: "a region is written like eu-central-1")
        }
    }

    /// The host as it stands in URLs, with brackets around IPv6, without the port.
    var bracketedHost: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host }
}

extension Endpoint: CustomStringConvertible {
    /// The URL of the endpoint, without bucket: `https://s3.eu-central-1.amazonaws.com`.
    public var description: String {
        "\(scheme.rawValue)://\(bracketedHost)\(port.map { ":\($0)" } ?? "")"
            + PercentEncoding.path(basePath)
    }
}

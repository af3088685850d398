/// Whether uploads carry a CRC64NVME, which S3 holds against what it stores. `Content-MD5` goes
/// with every body in any case.
public enum ChecksumUse: Sendable, Hashable {
    /// To AWS, and to nobody else: others ignore the checksum or refuse the request.
    case auto
    /// To every server.
    case on
    /// To none.
    case off
}

extension Endpoint {
    /// Whether the server is AWS's own, whatever its region or kind of endpoint.
    public var isAWS: Bool {
        host.hasSuffix(".amazonaws.com") || host.hasSuffix(".amazonaws.com.cn")
    }
}

extension Client {
    /// Whether uploads of this client carry a CRC64NVME.
    public var sendsCRC64NVME: Bool {
        switch options.checksums {
        case .auto: endpoint.isAWS
        case .on: true
        case .off: false
        }
    }
}

/// Where one request goes: the host that it names and the path that is signed.
struct Target {
    let scheme: Endpoint.Scheme
    /// The `Host` header: with brackets around IPv6, with the port unless it is the scheme's own.
    let authority: String
    /// The path before percent-encoding; begins with `/`.
    let path: [UInt8]
}

extension Endpoint {
    /// Throws for an empty key, a bucket that is none, and a bucket that cannot be part of the
    /// host although virtual-host addressing was asked for.
    func target(of resource: Request.Resource) throws(RequestError) -> Target {
        let slash = UInt8(ascii: "/")
        var path = basePath
        var authority = bracketedHost
        let (bucket, key) = try Endpoint.parts(of: resource)
        if let bucket {
            if try isVirtual(bucket: bucket) {
                authority = "\(bucket).\(authority)"
            } else {
                path.append(slash)
                path += bucket.utf8
            }
        }
        if let key {
            path.append(slash)
            path += key
        }
        if path.isEmpty { path = [slash] }
        if let port { authority += ":\(port)" }
        return Target(scheme: scheme, authority: authority, path: path)
    }

    /// Whether the bucket stands in the host. Throws where that was asked for and cannot be.
    private func isVirtual(bucket: String) throws(RequestError) -> Bool {
        switch addressing {
        case .path: return false
        case .auto:
            return !isIPAddress && !isLoopback
                && BucketName.isHostName(bucket, dots: scheme == .http)
        case .virtual:
            guard !isIPAddress, BucketName.isHostName(bucket, dots: true) else {
                throw RequestError(
                    subject: "bucket \(bucket)",
                    message: "the host \(host) cannot bear the name of the bucket",
                    hint: "use path-style addressing")
            }
            return true
        }
    }

    private static func parts(
        of resource: Request.Resource
    ) throws(RequestError) -> (bucket: String?, key: [UInt8]?) {
        switch resource {
        case .service: return (nil, nil)
        case .bucket(let bucket):
            try BucketName.check(bucket)
            return (bucket, nil)
        case .object(let bucket, let key):
            try BucketName.check(bucket)
            guard !key.isEmpty else {
                throw RequestError(subject: "key", message: "the key of an object is never empty")
            }
            guard key.count <= 1024 else {
                throw RequestError(
                    subject: "key", message: "the key has \(key.count) bytes, S3 admits 1024")
            }
            return (bucket, key)
        }
    }
}

import Testing

@testable import S3

@Suite("endpoints")
struct EndpointTests {
    static func url(
        _ url: String, addressing: Endpoint.Addressing = .auto, insecure: Bool = false
    ) throws -> Endpoint {
        try Endpoint(
            url: url, region: "eu-central-1", addressing: addressing, admitsPlainHTTP: insecure)
    }

    @Test(
        "a URL is read and written",
        arguments: [
            ("https://s3.example.com", "https://s3.example.com"),
            ("https://s3.example.com/", "https://s3.example.com"),
            ("HTTPS://S3.Example.COM:443/", "https://s3.example.com"),
            ("https://s3.example.com:8443", "https://s3.example.com:8443"),
            ("https://s3.example.com:80", "https://s3.example.com:80"),
            ("http://localhost", "http://localhost"),
            ("http://localhost:80/", "http://localhost"),
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
            ("http://[::1]:9000/", "http://[::1]:9000"),
            ("https://[2001:DB8::1]", "https://[2001:db8::1]"),
            ("https://gw.example.com/s3/base//", "https://gw.example.com/s3/base"),
            ("https://gw.example.com/a%20b", "https://gw.example.com/a%20b"),
            ("https://under_score.example.com", "https://under_score.example.com"),
        ])
    func reads(url: String, written: String) throws {
        #expect(try EndpointTests.url(url).description == written)
    }

    @Test(
        "what is no endpoint is refused",
        arguments: [
            "", "s3.example.com", "//s3.example.com", "ftp://s3.example.com", "https://",
            "https:///path", "https://:8443", "https://host:0", "https://host:65536",
            "https://host:", "https://host:8a", "https://host:+1", "https://ho st",
            "https://h\u{f6}st", "https://user@host", "https://user:secret@host",
            "https://host?x=1", "https://host/#x", "https://host\\x", "https://host/../x",
            "https://host/./x", "https://host/%2e%2e", "https://host/%zz", "https://host/%00",
            "https://-host", "https://a..b", "https://host.", "https://1.2.3", "https://1.2.3.256",
            "https://01.2.3.4", "https://[::1", "https://[::g]", "https://[1:2]", "https://[]",
            "https://[::1]x", "https://[fe80::1%25eth0]", "https://::1", "https://host\n",
        ])
    func refused(url: String) {
        let error = #expect(throws: ConfigurationError.self) { try EndpointTests.url(url) }
        #expect(error?.description.contains("secret") == false)
    }

    @Test(
        "plain http is for loopback, or for those who insist",
        arguments: [
            ("http://localhost:8000", true), ("http://s3.localhost", true),
            ("http://127.0.0.1", true), ("http://127.9.9.9", true), ("http://[::1]", true),
            ("http://[0:0:0:0:0:0:0:1]", true), ("http://10.0.0.1", false),
            ("http://128.0.0.1", false), ("http://[::2]", false),
            ("http://localhost.example", false),
            ("http://notlocalhost", false), ("http://[::ffff:127.0.0.1]", false),
            ("http://127.0.0.1.example.com", false),
        ])
    func plain(url: String, admitted: Bool) throws {
        if admitted {
            #expect(try EndpointTests.url(url).isLoopback)
        } else {
            let error = #expect(throws: ConfigurationError.self) { try EndpointTests.url(url) }
            #expect(error?.hint?.contains("--insecure-http") == true)
        }
        #expect(try EndpointTests.url(url, insecure: true).scheme == .http)
    }

    struct Place: Sendable, CustomTestStringConvertible {
        var endpoint: String
        var bucket = "acme-backups"
        var addressing = Endpoint.Addressing.auto
        var url: String?
        var testDescription: String { "\(bucket) at \(endpoint), \(addressing)" }
    }

    static let places = [
        Place(endpoint: "https://s3.example.com", url: "https://acme-backups.s3.example.com/a/b"),
        Place(
            endpoint: "https://s3.example.com:8443",
            url: "https://acme-backups.s3.example.com:8443/a/b"),
        Place(
            endpoint: "https://s3.example.com", addressing: .path,
            url: "https://s3.example.com/acme-backups/a/b"),
        Place(
            endpoint: "https://s3.example.com", bucket: "acme.backups",
            url: "https://s3.example.com/acme.backups/a/b"),
        Place(
            endpoint: "https://s3.example.com", bucket: "acme.backups", addressing: .virtual,
            url: "https://acme.backups.s3.example.com/a/b"),
        Place(
            endpoint: "http://s3.example.com", bucket: "acme.backups",
            url: "http://acme.backups.s3.example.com/a/b"),
        Place(
            endpoint: "https://s3.example.com", bucket: "Old_Bucket",
            url: "https://s3.example.com/Old_Bucket/a/b"),
        Place(endpoint: "https://s3.example.com", bucket: "Old_Bucket", addressing: .virtual),
        Place(endpoint: "https://10.0.0.1", url: "https://10.0.0.1/acme-backups/a/b"),
        Place(endpoint: "https://10.0.0.1", addressing: .virtual),
        Place(
            endpoint: "https://[2001:db8::1]:9000",
            url: "https://[2001:db8::1]:9000/acme-backups/a/b"),
        Place(endpoint: "http://localhost:8000", url: "http://localhost:8000/acme-backups/a/b"),
        Place(
            endpoint: "http://s3.localhost:8000",
            url: "http://s3.localhost:8000/acme-backups/a/b"),
        Place(
            endpoint: "http://localhost:8000", addressing: .virtual,
            url: "http://acme-backups.localhost:8000/a/b"),
        Place(
            endpoint: "https://gw.example.com/s3", addressing: .path,
            url: "https://gw.example.com/s3/acme-backups/a/b"),
        Place(
            endpoint: "https://gw.example.com/s3", url: "https://acme-backups.gw.example.com/s3/a/b"
        ),
        Place(
            endpoint: "https://s3.example.com", bucket: String(repeating: "a", count: 64),
            url: "https://s3.example.com/\(String(repeating: "a", count: 64))/a/b"),
        Place(endpoint: "https://s3.example.com", bucket: "10.20.30.40", addressing: .virtual),
    ]

    @Test("the bucket stands in the host or in the path", arguments: places)
    func addressing(place: Place) throws {
        let endpoint = try EndpointTests.url(
            place.endpoint, addressing: place.addressing, insecure: true)
        let resource = Request.Resource.object(bucket: place.bucket, key: Array("a/b".utf8))
        guard let url = place.url else {
            #expect(throws: RequestError.self) { try endpoint.target(of: resource) }
            return
        }
        let target = try endpoint.target(of: resource)
        #expect(target.url(path: target.path) == url)
    }

    @Test(
        "AWS's host follows from the region",
        arguments: [
            ("eu-central-1", "https://s3.eu-central-1.amazonaws.com"),
            ("us-east-1", "https://s3.us-east-1.amazonaws.com"),
            ("us-gov-west-1", "https://s3.us-gov-west-1.amazonaws.com"),
            ("cn-north-1", "https://s3.cn-north-1.amazonaws.com.cn"),
        ])
    func aws(region: String, url: String) throws {
        let endpoint = try Endpoint(awsRegion: region)
        #expect(endpoint.description == url && endpoint.followsRegion)
        let moved = try Endpoint(awsRegion: "eu-west-1", addressing: .path).moved(toRegion: region)
        #expect(moved.description == url && moved.region == region && moved.addressing == .path)
    }

    @Test("another host stays where it is when the region changes")
    func moved() throws {
        let moved = try EndpointTests.url("https://s3.example.com:8443/x").moved(toRegion: "here")
        #expect(moved.description == "https://s3.example.com:8443/x" && moved.region == "here")
    }

    @Test(
        "no host is built from what cannot be a region",
        arguments: [
            "", "EU-CENTRAL-1", "eu central", "evil.com/", "a.b", "x@y", "eu_1", "\u{e9}",
            String(repeating: "a", count: 33), "eu-1\n",
        ])
    func regions(text: String) throws {
        #expect(!Endpoint.isRegion(text))
        #expect(throws: ConfigurationError.self) { try Endpoint(awsRegion: text) }
        #expect(throws: ConfigurationError.self) {
            try Endpoint(awsRegion: "eu-west-1").moved(toRegion: text)
        }
        #expect(throws: ConfigurationError.self) {
            try EndpointTests.url("https://s3.example.com").moved(toRegion: text)
        }
        #expect(throws: ConfigurationError.self) {
            try Endpoint(url: "https://s3.example.com", region: text)
        }
        #expect(Endpoint.isRegion(String(repeating: "a", count: 32)))
    }

    @Test(
        "the names of AWS's hosts tell the region",
        arguments: [
            ("s3.eu-central-1.amazonaws.com", "eu-central-1"),
            ("s3.dualstack.eu-west-1.amazonaws.com", "eu-west-1"),
            ("s3-fips.us-east-2.amazonaws.com", "us-east-2"),
            ("s3.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            ("bucket.vpce-1a2b.s3.us-east-1.vpce.amazonaws.com", "us-east-1"),
            ("s3.amazonaws.com", "us-east-1"),
            ("s3.eu-central-1.example.com", nil), ("amazonaws.com", nil),
            ("sts.eu-west-1.amazonaws.com", nil), ("s3.example.com", nil),
        ] as [(String, String?)])
    func awsRegion(host: String, region: String?) {
        #expect(HostName(host).awsRegion == region)
    }

    @Test(
        "IP addresses are told from names",
        arguments: [
            ("1.2.3.4", true), ("255.255.255.255", true), ("1.2.3", false), ("1.2.3.4.5", false),
            ("1.2.3.256", false), ("1.2.3.04", false), ("a.b.c.d", false), ("1.2.3.", false),
            ("::", true), ("::1", true), ("1::", true), ("1:2:3:4:5:6:7:8", true),
            ("::ffff:1.2.3.4", true),
        ])
    func addresses(text: String, isAddress: Bool) {
        #expect(HostName(text).isIPAddress == isAddress)
        if text.contains(":") { #expect(HostName(text).ipv6 != nil) }
    }

    @Test(
        "what only looks like IPv6 is none",
        arguments: [
            ":", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8", "::1::", "12345::",
            "::g", ":::", "1.2.3.4::", "::1.2.3", "::+1",
        ])
    func noIPv6(text: String) {
        #expect(HostName(text).ipv6 == nil)
    }
}

import FaultServer
import Testing

@testable import S3

@Suite("a bucket in another region")
struct RegionTests {
    static let body =
        "<Error><Code>PermanentRedirect</Code><Message>x</Message>"
        + "<Endpoint>evil.example.com</Endpoint></Error>"

    /// Answers that name a region, and the region that is signed for next; nil to give up.
    static let answers: [(name: String, reply: FaultServer.Reply, region: String?)] = [
        (
            "301 with the header",
            .init(301, text: body, headers: [("x-amz-bucket-region", "eu-central-1")]),
            "eu-central-1"
        ),
        (
            "400 with Region in the document",
            .init(
                400,
                text: "<Error><Code>AuthorizationHeaderMalformed</Code><Message>x</Message>"
                    + "<Region>eu-west-3</Region></Error>"), "eu-west-3"
        ),
        (
            "a region that is a host name",
            .init(
                400,
                text: "<Error><Code>AuthorizationHeaderMalformed</Code><Message>x</Message>"
                    + "<Region>evil.example.com/</Region></Error>"), nil
        ),
        ("301 without any region", .init(301, text: body), nil),
        (
            "301 to the region that was signed for",
            .init(301, text: body, headers: [("x-amz-bucket-region", "us-east-1")]), nil
        ),
        (
            "307 to another host",
            .init(307, headers: [("Location", "http://evil.example.com/")]), nil
        ),
        (
            "302 of a captive portal",
            .init(302, headers: [("Location", "http://127.0.0.1:9/login")]), nil
        ),
    ]

    @Test(
        "the request is signed again for a sound region, and only there", arguments: answers.indices
    )
    func followed(index: Int) throws {
        let (name, reply, region) = Self.answers[index]
        let rig = try Rig([reply, .init(text: "fine")])
        guard let region else {
            let error = try #require(rig.errorOfGet(), "\(name)")
            #expect(!error.isTransient, "\(name)")
            #expect(rig.server.requests.count == 1, "\(name)")
            return
        }
        #expect(try rig.get() == "fine", "\(name)")
        #expect(rig.waits.isEmpty)
        #expect(rig.client.endpoint.region == region)
        let last = try #require(rig.server.requests.last?["authorization"])
        #expect(last.contains("/\(region)/s3/aws4_request"), "\(name)")
    }

    @Test("a server that sends from region to region is followed once")
    func loop() throws {
        let rig = try Rig([
            .init(301, text: Self.body, headers: [("x-amz-bucket-region", "eu-central-1")]),
            .init(301, text: Self.body, headers: [("x-amz-bucket-region", "eu-west-1")]),
        ])
        let error = try #require(rig.errorOfGet())
        #expect(error.code == "PermanentRedirect" && error.region == "eu-west-1")
        #expect(rig.server.requests.count == 2)
    }

    @Test("HEAD, whose errors have no body, is followed too")
    func head() throws {
        let rig = try Rig([
            .init(400, headers: [("x-amz-bucket-region", "eu-central-1")]), .init(200),
        ])
        _ = try rig.client.perform(Request(.head, .bucket("bkt")), operation: "HeadBucket")
        #expect(rig.client.endpoint.region == "eu-central-1")
    }

    @Test("a client of another thread begins where this one has got to")
    func another() throws {
        let server = try FaultServer { request in
            request["authorization"]?.contains("/eu-central-1/") == true
                ? .init(text: "fine")
                : .init(301, text: Self.body, headers: [("x-amz-bucket-region", "eu-central-1")])
        }
        let rig = try Rig(server)
        _ = try rig.get()
        _ = try rig.client.another().perform(
            Request(.get, .bucket("bkt"), query: [QueryItem("location")]), operation: "Get")
        #expect(server.requests.count == 3)
        #expect(server.connectionCount == 2)
    }
}

import CivilTime
import FaultServer
import Foundation
import Testing

@testable import S3

@Suite("credentials from single sign-on")
struct SingleSignOnTests {
    private static let config = """
        [default]
        sso_session = acme desk
        sso_account_id = 111122223333
        sso_role_name = Backup+Reader
        [sso-session acme desk]
        sso_start_url = https://acme.example/start
        sso_region = eu-central-1

        """
    private static let oldConfig = """
        [default]
        sso_start_url = https://acme.example/start
        sso_region = eu-central-1
        sso_account_id = 111122223333
        sso_role_name = Backup+Reader

        """
    private static let token = #"{"accessToken": "tok.en", "expiresAt": "2026-11-23T04:00:00Z"}"#
    private static let answer = FaultServer.Reply(
        text: """
            {"roleCredentials": {"accessKeyId": "ASIASSO", "secretAccessKey": "ssosecret",
             "sessionToken": "session", "expiration": 1795406400000}}
            """)

    private static func sha1(_ text: String) throws -> String {
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/sha1sum")
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        input.fileHandleForWriting.write(Data(text.utf8))
        try input.fileHandleForWriting.close()
        let line = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: line.prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self)
    }

    /// A home with a profile, and with a token of its session or start URL.
    private func home(
        _ config: String = config, token: String? = token, of name: String = "acme desk"
    ) throws -> ScratchHome {
        let home = try ScratchHome(
            config: config, credentials: "[default]\naws_access_key_id=A\naws_secret_access_key=x\n"
        )
        let cache = home.path + "/.aws/sso/cache"
        try FileManager.default.createDirectory(
            atPath: cache, withIntermediateDirectories: true)
        if let token { try home.write(token, ".aws/sso/cache/\(try Self.sha1(name)).json") }
        return home
    }

    @Test(
        "the token of the session, or of the start URL, gives the role's credentials",
        arguments: [(config, "acme desk"), (oldConfig, "https://acme.example/start")])
    func signedOn(config: String, name: String) throws {
        let server = try FaultServer([.error(500, "InternalError"), Self.answer])
        defer { server.stop() }
        let home = try home(config, of: name)
        let found = try home.configuration([
            "AWS_ENDPOINT_URL_SSO": server.url, "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        ]).credentials()
        #expect(found.accessKeyID == "ASIASSO")
        #expect(found.secretAccessKey.withBytes { Array($0) } == Array("ssosecret".utf8))
        #expect(found.sessionToken?.withBytes { Array($0) } == Array("session".utf8))
        #expect(found.expiration == Timestamp(seconds: 1_795_406_400))
        let request = try #require(server.requests.last)
        #expect(request.method == "GET" && request.path == "/federation/credentials")
        #expect(
            request.target.hasSuffix("?role_name=Backup%2BReader&account_id=111122223333"))
        #expect(request["x-amz-sso_bearer_token"] == "tok.en")
        #expect(request["authorization"] == nil)
    }

    @Test("the portal is that of the sign-on's region, not of the bucket's")
    func portal() throws {
        let home = try home()
        for (region, host) in [
            ("eu-central-1", "portal.sso.eu-central-1.amazonaws.com"),
            ("cn-north-1", "portal.sso.cn-north-1.amazonaws.com.cn"),
        ] {
            try home.write(
                Self.config.replacingOccurrences(of: "eu-central-1", with: region), ".aws/config")
            let configuration = try home.configuration(["AWS_REGION": "us-west-2"])
            let signOn = try configuration.singleSignOn(configuration.files.profile("default")) {
                Timestamp(seconds: 0)
            }
            #expect(signOn?.endpoint.description == "https://\(host)")
        }
    }

    @Test("an older token says UTC for Z")
    func olderToken() throws {
        let server = try FaultServer([Self.answer])
        defer { server.stop() }
        let home = try home(token: Self.token.replacingOccurrences(of: "00Z", with: "00UTC"))
        let found = try home.configuration(["AWS_ENDPOINT_URL_SSO": server.url]).credentials()
        #expect(found.accessKeyID == "ASIASSO")
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var config = SingleSignOnTests.config
        var token: String? = SingleSignOnTests.token
        var reply: FaultServer.Reply?
        var words: String
        /// Whether signing on is the cure.
        var isHinted = false
    }

    static let refusals: [Refusal] = [
        Refusal(
            testDescription: "no token", token: nil, words: "nobody has signed on", isHinted: true),
        Refusal(
            testDescription: "an old token",
            token: token.replacingOccurrences(of: "T04", with: "T03"),
            words: "the sign-on ended at",
            isHinted: true),
        Refusal(
            testDescription: "a token without an end", token: #"{"accessToken": "a"}"#,
            words: "holds no token", isHinted: true),
        Refusal(
            testDescription: "a token with a line feed",
            token: token.replacingOccurrences(of: "tok.en", with: #"a\nb"#),
            words: "holds no token",
            isHinted: true),
        Refusal(
            testDescription: "a token that is no JSON", token: "x", words: "holds no token",
            isHinted: true),
        Refusal(
            testDescription: "a token that was withdrawn",
            reply: .init(401, text: #"{"message": "Session token not found or invalid"}"#),
            words: "not valid any more", isHinted: true),
        Refusal(
            testDescription: "a role that is somebody else's",
            reply: .init(403, text: #"{"message": "No access"}"#),
            words: "the server answered 403: No access"),
        Refusal(
            testDescription: "an answer that is none", reply: .init(text: "<html>"),
            words: "holds no credentials"),
        Refusal(
            testDescription: "an answer without an end",
            reply: .init(
                text: #"{"roleCredentials": {"accessKeyId": "A", "secretAccessKey": "b"}}"#),
            words: "lacks a part"),
        Refusal(
            testDescription: "no role",
            config: config.replacingOccurrences(of: "sso_role_name", with: "x"),
            words: "sso_role_name is missing"),
        Refusal(
            testDescription: "no account",
            config: config.replacingOccurrences(of: "sso_account_id", with: "x"),
            words: "sso_account_id is missing"),
        Refusal(
            testDescription: "a region that would make another host",
            config: config.replacingOccurrences(of: "eu-central-1", with: "evil.example/#"),
            words: "is not a region"),
        Refusal(
            testDescription: "a session that contradicts the profile",
            config: config.replacingOccurrences(
                of: "[sso-", with: "sso_start_url = https://other.example\n[sso-"),
            words: "sso_start_url is another one"),
    ]

    @Test(
        "what gives no credentials says why, quotes no secret and takes no other key",
        arguments: refusals)
    func refused(refusal: Refusal) throws {
        let server = try FaultServer(refusal.reply.map { [$0] } ?? [])
        defer { server.stop() }
        let home = try home(refusal.config, token: refusal.token)
        let configuration = try home.configuration([
            "AWS_ENDPOINT_URL_SSO": server.url
        ])
        let error = try #require(
            #expect(throws: ConfigurationError.self) { try configuration.credentials() })
        #expect("\(error)".contains(refusal.words), "\(error)")
        #expect(error.concernsCredentials)
        #expect((error.hint == "aws sso login --profile default") == refusal.isHinted, "\(error)")
        #expect(!"\(error)".contains("tok.en"))
        #expect(server.requests.count == (refusal.reply == nil ? 0 : 1))
    }
}

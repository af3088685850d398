import CivilTime
import FaultServer
import Foundation
import Testing

@testable import S3

@Suite("credentials from roles, containers and instances")
struct RoleTests {
    private static let end = "2026-11-23T04:00:00Z"

    private static func token(_ result: String) -> FaultServer.Reply {
        .init(
            text: """
                <R><\(result)><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>\
                <SecretAccessKey>rolesecret</SecretAccessKey><SessionToken>tok+/=</SessionToken>\
                <Expiration>\(end)</Expiration></Credentials></\(result)></R>
                """)
    }

    private static let json = FaultServer.Reply(
        text: """
            {"Code":"Success","AccessKeyId":"ASIAHERE","SecretAccessKey":"heresecret",\
            "Token":"t","Expiration":"\(end)"}
            """)

    private func form(_ request: FaultServer.Received) -> [String: String] {
        var fields: [String: String] = [:]
        for item in String(decoding: request.body, as: UTF8.self).split(separator: "&") {
            let name = item.prefix { $0 != "=" }
            fields[String(name)] = item.dropFirst(name.count + 1).removingPercentEncoding
        }
        return fields
    }

    @Test("a profile's role is taken on with the keys of another profile")
    func sourceProfile() throws {
        let server = try FaultServer([Self.token("AssumeRoleResult")])
        defer { server.stop() }
        let home = try ScratchHome(
            config: """
                [default]
                region = eu-west-1
                role_arn = arn:aws:iam::1:role/backup reader
                source_profile = base
                external_id = a&b=c
                role_session_name = night
                duration_seconds = 3600

                """, credentials: "[base]\naws_access_key_id=AKIDBASE\naws_secret_access_key=s\n")
        let found = try home.configuration(["AWS_ENDPOINT_URL_STS": server.url]).credentials()
        #expect(found.accessKeyID == "ASIAROLE")
        #expect(found.sessionToken?.withBytes { Array($0) } == Array("tok+/=".utf8))
        #expect(found.expiration == Timestamp(rfc3339: Self.end))
        let request = server.requests[0]
        let fields = form(request)
        #expect(fields["Action"] == "AssumeRole" && fields["Version"] == "2011-06-15")
        #expect(fields["RoleArn"] == "arn:aws:iam::1:role/backup reader")
        #expect(fields["ExternalId"] == "a&b=c" && fields["RoleSessionName"] == "night")
        #expect(fields["DurationSeconds"] == "3600")
        let signature = try #require(request["authorization"])
        #expect(signature.contains("Credential=AKIDBASE/20261123/eu-west-1/sts/aws4_request"))
    }

    @Test("a role may be taken on with another role")
    func chain() throws {
        let server = try FaultServer([
            Self.token("AssumeRoleResult"), Self.token("AssumeRoleResult"),
        ])
        defer { server.stop() }
        let home = try ScratchHome(
            config: """
                [default]
                role_arn = arn:far
                source_profile = near
                [profile near]
                role_arn = arn:near
                source_profile = near
                aws_access_key_id = AKIDNEAR
                aws_secret_access_key = s

                """)
        _ = try home.configuration(["AWS_ENDPOINT_URL_STS": server.url]).credentials()
        #expect(server.requests.map { form($0)["RoleArn"] } == ["arn:near", "arn:far"])
        #expect(server.requests[0]["authorization"]?.contains("AKIDNEAR") == true)
        #expect(server.requests[1]["authorization"]?.contains("ASIAROLE") == true)
        #expect(server.requests[1]["x-amz-security-token"] == "tok+/=")
    }

    @Test("a web identity's token takes a role on, unsigned")
    func webIdentity() throws {
        let server = try FaultServer([
            .error(503, "ServiceUnavailable"), Self.token("AssumeRoleWithWebIdentityResult"),
        ])
        defer { server.stop() }
        let home = try ScratchHome()
        let file = try home.write("the.jwt.token\n", "token")
        let found = try home.configuration([
            "AWS_WEB_IDENTITY_TOKEN_FILE": file, "AWS_ROLE_ARN": "arn:pod",
            "AWS_ENDPOINT_URL_STS": server.url,
        ]).credentials()
        #expect(found.accessKeyID == "ASIAROLE")
        let request = try #require(server.requests.last)
        #expect(request["authorization"] == nil)
        #expect(form(request)["WebIdentityToken"] == "the.jwt.token")
        #expect(form(request)["RoleArn"] == "arn:pod")
    }

    @Test("a container's endpoint gets its token and nothing else")
    func container() throws {
        let server = try FaultServer([Self.json])
        defer { server.stop() }
        let home = try ScratchHome()
        let file = try home.write("Bearer abc\n", "token")
        let found = try home.configuration([
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url + "/creds?x=1",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file,
        ]).credentials()
        #expect(found.accessKeyID == "ASIAHERE")
        #expect(server.requests[0].target == "/creds?x=1")
        #expect(server.requests[0]["authorization"] == "Bearer abc")
    }

    @Test("an instance is asked by version 2 of its service alone")
    func instance() throws {
        let server = try FaultServer([
            .init(text: "session=="), .init(text: "backup role\n"), Self.json,
        ])
        defer { server.stop() }
        let found = try ScratchHome().configuration([
            "AWS_EC2_METADATA_DISABLED": "false",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url + "/",
        ]).credentials()
        #expect(found.accessKeyID == "ASIAHERE")
        let requests = server.requests
        #expect(requests.map(\.method) == ["PUT", "GET", "GET"])
        #expect(requests[0].target == "/latest/api/token")
        #expect(
            requests[2].target == "/latest/meta-data/iam/security-credentials/backup%20role")
        #expect(requests[2]["x-aws-ec2-metadata-token"] == "session==")
    }

    /// Answers to AssumeRole that give no credentials, and what the error says.
    static let refusals: [(FaultServer.Reply, String)] = [
        (
            .init(
                403,
                text: "<ErrorResponse><Error><Code>AccessDenied</Code>"
                    + "<Message>not you</Message></Error></ErrorResponse>"), "AccessDenied: not you"
        ),
        (.init(404, text: "no"), "the server answered 404"),
        (.init(text: "<R/>"), "holds no credentials"), (.init(text: "{}"), "holds no credentials"),
        (
            .init(
                text: "<R><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId>"
                    + "</Credentials></AssumeRoleResult></R>"), "lacks a part"
        ),
        (
            .init(
                text: String(
                    decoding: token("AssumeRoleResult").body, as: UTF8.self
                ).replacingOccurrences(of: "2026-11-23T04", with: "2026-11-23T02")), "ended at"
        ),
    ]

    @Test("an answer without credentials is an error that quotes no secret", arguments: refusals)
    func refused(reply: FaultServer.Reply, words: String) throws {
        let server = try FaultServer([reply])
        defer { server.stop() }
        let home = try ScratchHome(
            config: "[default]\nrole_arn = arn:x\nsource_profile = b\n",
            credentials: "[b]\naws_access_key_id=A\naws_secret_access_key=hunter2\n")
        let configuration = try home.configuration(["AWS_ENDPOINT_URL_STS": server.url])
        let error = #expect(throws: ConfigurationError.self) { try configuration.credentials() }
        #expect(error?.message.contains(words) == true, "\(String(describing: error))")
        #expect(error?.concernsCredentials == true)
        #expect(!"\(String(describing: error))".contains("rolesecret"))
    }
}

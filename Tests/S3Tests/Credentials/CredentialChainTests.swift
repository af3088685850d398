import CivilTime
import Testing

@testable import S3

@Suite("credentials")
struct CredentialChainTests {
    static let keys = ["AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "envsecret"]
    static let files = """
        [default]
        aws_access_key_id = AKIDFILE
        aws_secret_access_key = filesecret # copied on Monday

        [work]
        aws_access_key_id = AKIDWORK
        aws_secret_access_key = worksecret
        aws_session_token = worktoken
        """

    static func text(_ secret: Secret?) -> String? {
        secret?.withBytes { String(decoding: $0, as: UTF8.self) }
    }

    @Test("keys of the environment come before those of files")
    func environment() throws {
        let home = try ScratchHome(credentials: CredentialChainTests.files)
        let found = try home.configuration(CredentialChainTests.keys).credentials()
        #expect(found.accessKeyID == "AKIDENV")
        #expect(CredentialChainTests.text(found.secretAccessKey) == "envsecret")
        #expect(found.sessionToken == nil && found.source == "environment AWS_ACCESS_KEY_ID")
    }

    @Test(
        "a session token of the environment belongs to its key",
        arguments: ["AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"])
    func token(variable: String) throws {
        let environment = CredentialChainTests.keys.merging([
            variable: "envtoken", "AWS_CREDENTIAL_EXPIRATION": "2026-09-29T13:00:00Z",
        ]) { $1 }
        let found = try ScratchHome().configuration(environment).credentials()
        #expect(CredentialChainTests.text(found.sessionToken) == "envtoken")
        #expect(found.expiration == Timestamp(rfc3339: "2026-09-29T13:00:00Z"))
    }

    @Test("--profile comes before keys of the environment, AWS_PROFILE does not")
    func profile() throws {
        let home = try ScratchHome(credentials: CredentialChainTests.files)
        let option = try home.configuration(CredentialChainTests.keys) { $0.profile = "work" }
        let found = try option.credentials()
        #expect(found.accessKeyID == "AKIDWORK")
        #expect(CredentialChainTests.text(found.sessionToken) == "worktoken")
        #expect(found.source == "\(home.path)/.aws/credentials:6 [work]")
        let variable = CredentialChainTests.keys.merging(["AWS_PROFILE": "work"]) { $1 }
        #expect(try home.configuration(variable).credentials().accessKeyID == "AKIDENV")
        #expect(
            try home.configuration(["AWS_PROFILE": "work"]).credentials().accessKeyID
                == "AKIDWORK")
    }

    @Test("a comment after a secret is no part of it")
    func comment() throws {
        let home = try ScratchHome(credentials: CredentialChainTests.files)
        let found = try home.configuration().credentials()
        #expect(CredentialChainTests.text(found.secretAccessKey) == "filesecret")
    }

    @Test("keys may stand in the configuration file too")
    func configurationFile() throws {
        let home = try ScratchHome(
            config: "[profile p]\naws_access_key_id=A\naws_secret_access_key=S\n")
        #expect(try home.configuration(["AWS_PROFILE": "p"]).credentials().accessKeyID == "A")
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var environment: [String: String] = [:]
        var config: String?
        var credentials: String?
        var words: String
    }

    static let refusals = [
        Refusal(testDescription: "nothing anywhere", words: "none found"),
        Refusal(
            testDescription: "an id without secret",
            environment: ["AWS_ACCESS_KEY_ID": "A"], credentials: files,
            words: "AWS_SECRET_ACCESS_KEY is not"),
        Refusal(
            testDescription: "a secret without id",
            environment: ["AWS_SECRET_ACCESS_KEY": "hunter2", "AWS_ACCESS_KEY_ID": ""],
            credentials: files, words: "AWS_ACCESS_KEY_ID is not"),
        Refusal(
            testDescription: "an id without secret in a file",
            credentials: "[default]\naws_access_key_id = A\n",
            words: "aws_secret_access_key is missing"),
        Refusal(
            testDescription: "a secret without id in a file",
            credentials: "[default]\naws_secret_access_key = hunter2\n",
            words: "aws_access_key_id is missing"),
        Refusal(
            testDescription: "half a key in each file",
            config: "[default]\naws_access_key_id = A\n",
            credentials: "[default]\naws_secret_access_key = hunter2\n", words: "another file"),
        Refusal(
            testDescription: "a secret with a space",
            environment: ["AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "hunter2 "],
            words: "the secret access key holds white space"),
        Refusal(
            testDescription: "a secret of two lines",
            credentials: "[default]\naws_access_key_id=A\naws_secret_access_key=hun\n ter2\n",
            words: "the secret access key holds white space"),
        Refusal(
            testDescription: "an id with a line feed",
            environment: ["AWS_ACCESS_KEY_ID": "A\n", "AWS_SECRET_ACCESS_KEY": "hunter2"],
            words: "the access key id holds"),
        Refusal(
            testDescription: "a token with a line feed",
            environment: [
                "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "hunter2",
                "AWS_SESSION_TOKEN": "hunter2\n",
            ], words: "the session token holds"),
        Refusal(
            testDescription: "an expiration that is none",
            environment: keys.merging(["AWS_CREDENTIAL_EXPIRATION": "soon"]) { $1 },
            words: "AWS_CREDENTIAL_EXPIRATION"),
        Refusal(
            testDescription: "a sign-on of a session that is not described",
            config: "[default]\nsso_session = s\n", credentials: files,
            words: "there is no section [sso-session s]"),
        Refusal(
            testDescription: "a sign-on of the old kind without a region",
            config: "[default]\nsso_start_url = https://x\n", credentials: files,
            words: "sso_region is missing"),
        Refusal(
            testDescription: "a sign-on by aws login",
            config: "[default]\nlogin_session = s\n", credentials: files,
            words: "aws login is not supported yet"),
        Refusal(
            testDescription: "a role of nobody",
            config: "[default]\nrole_arn = arn:aws:iam::1:role/r\n", credentials: files,
            words: "says not whose credentials"),
        Refusal(
            testDescription: "a role of a profile without keys",
            config:
                "[default]\nrole_arn = arn:x\nsource_profile = p\n[profile p]\nregion = eu-west-1\n",
            words: "profile p has no credentials"),
        Refusal(
            testDescription: "roles in a circle",
            config: """
                [default]
                role_arn = arn:x
                source_profile = p
                [profile p]
                role_arn = arn:y
                source_profile = default

                """, words: "in a circle"),
        Refusal(
            testDescription: "a role with a second factor",
            config: "[default]\nrole_arn = arn:x\nsource_profile = x\nmfa_serial = arn:m\n",
            words: "second factor is not supported"),
        Refusal(
            testDescription: "a role for too long",
            config: "[default]\nrole_arn = arn:x\nsource_profile = x\nduration_seconds = 60\n",
            words: "duration_seconds is 900 to 43200"),
        Refusal(
            testDescription: "a web identity without its file",
            environment: ["AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere", "AWS_ROLE_ARN": "arn:x"],
            credentials: files, words: "there is no file /nowhere"),
        Refusal(
            testDescription: "a container's endpoint elsewhere over plain http",
            environment: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/x"],
            words: "plain http may only go to this machine"),
    ]

    @Test("there are none, and the error says why:", arguments: refusals)
    func refused(refusal: Refusal) throws {
        let home = try ScratchHome(config: refusal.config, credentials: refusal.credentials)
        let configuration = try home.configuration(refusal.environment)
        let error = #expect(throws: ConfigurationError.self) { try configuration.credentials() }
        #expect(error?.message.contains(refusal.words) == true, "\(String(describing: error))")
        #expect(error?.concernsCredentials == true)
        var dumped = ""
        dump(error, to: &dumped)
        dump(configuration, to: &dumped)
        dumped += "\(configuration)"
        #expect(!dumped.contains("hunter2") && dumped.contains("us-east-1"))
        #expect(error.map { "\($0) \($0.hint ?? "")" }?.contains("hunter2") == false)
    }

    @Test("the keys of the environment stay valid beside a container's endpoint")
    func containerUnused() throws {
        let environment = CredentialChainTests.keys.merging([
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2/x",
            "AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_ROLE_ARN": "arn:x",
        ]) { $1 }
        let found = try ScratchHome().configuration(environment).credentials()
        #expect(found.accessKeyID == "AKIDENV")
    }
}

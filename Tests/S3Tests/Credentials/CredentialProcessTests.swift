import CivilTime
import Testing

@testable import S3

@Suite("credential_process")
struct CredentialProcessTests {
    static let origin = Origin.file(path: "/aws/config", line: 3, section: "profile p")

    static func process(_ script: String, seconds: Int = 20) -> CredentialProcess {
        // The script stands in the environment, so that no test depends on quoting.
        CredentialProcess(
            command: "/bin/sh -c 'eval \"$SCRIPT\"'", origin: origin,
            environment: ["SCRIPT": script, "PATH": "/usr/bin:/bin"], timeoutSeconds: seconds)
    }

    static let complete = """
        {"Version": 1, "AccessKeyId": "AKIDPROC", "SecretAccessKey": "procsecret",
         "SessionToken": "proctoken", "Expiration": "2026-09-29T13:00:00Z", "Other": []}
        """

    @Test("the JSON of version 1 gives credentials")
    func complete() throws {
        let found = try CredentialProcessTests.process(
            "cat <<'END'\n\(CredentialProcessTests.complete)\nEND"
        ).credentials()
        #expect(found.accessKeyID == "AKIDPROC")
        #expect(CredentialChainTests.text(found.secretAccessKey) == "procsecret")
        #expect(CredentialChainTests.text(found.sessionToken) == "proctoken")
        #expect(found.expiration == Timestamp(rfc3339: "2026-09-29T13:00:00Z"))
        #expect(found.source == "credential_process /aws/config:3 [profile p]")
    }

    @Test("a profile's command runs when the profile has no keys")
    func fromProfile() throws {
        let home = try ScratchHome()
        let script = try home.write(
            "#!/bin/sh\nif [ \"$1 $2\" != 'a b c' ]; then exit 9; fi\n"
                + "echo '{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\"}'\n",
            "script")
        try home.write(
            "[default]\ncredential_process = /bin/sh \(script) \"a b\" c\n", ".aws/config")
        #expect(try home.configuration().credentials().accessKeyID == "A")
        try home.write(
            "[default]\naws_access_key_id = B\naws_secret_access_key = S\n", ".aws/credentials")
        #expect(try home.configuration().credentials().accessKeyID == "B")
    }

    @Test("it reads nothing, and has the variables it was given")
    func surroundings() throws {
        let found = try CredentialProcessTests.process(
            "printf '{\"Version\":1,\"AccessKeyId\":\"A%s\",\"SecretAccessKey\":\"%s\"}' "
                + "\"$(wc -c)\" \"$PATH\""
        ).credentials()
        #expect(found.accessKeyID == "A0")
        #expect(CredentialChainTests.text(found.secretAccessKey) == "/usr/bin:/bin")
    }

    @Test(
        "what goes wrong is said without quoting the output",
        arguments: [
            ("echo hunter2", "did not print JSON"), ("echo '[\"hunter2\"]'", "did not print JSON"),
            (":", "did not print JSON"), ("echo '{\"Version\":2}'", "printed version 2"),
            ("echo '{\"Version\":1,\"SecretAccessKey\":\"hunter2\"}'", "no AccessKeyId"),
            ("echo '{\"Version\":1,\"AccessKeyId\":\"A\"}'", "no SecretAccessKey"),
            (
                "echo '{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2 \"}'",
                "holds white space"
            ),
            (
                "echo '{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\","
                    + "\"Expiration\":\"hunter2\"}'", "Expiration"
            ),
            ("echo hunter2; exit 3", "failed with exit status 3"),
            ("echo hunter2; kill -TERM $$", "was ended by signal 15"),
            ("yes hunter2", "printed more than 65536 bytes"),
        ])
    func failures(script: String, words: String) throws {
        let error = #expect(throws: ConfigurationError.self) {
            try CredentialProcessTests.process(script).credentials()
        }
        #expect(error?.message.contains(words) == true, "\(String(describing: error))")
        #expect(error?.subject.contains("/aws/config:3") == true)
        #expect(error?.description.contains("hunter2") == false)
        #expect(error?.concernsCredentials == true)
    }

    @Test(
        "a command that takes too long is killed, also after it closed its output",
        arguments: ["exec sleep 300", "exec sleep 300 >&-"])
    func timeout(script: String) throws {
        let start = ContinuousClock.now
        let error = #expect(throws: ConfigurationError.self) {
            try CredentialProcessTests.process(script, seconds: 1).credentials()
        }
        #expect(error?.message.contains("did not end within 1 s") == true)
        #expect(ContinuousClock.now - start < .seconds(120))
    }

    @Test("a program that is not there is named")
    func missing() throws {
        let process = CredentialProcess(
            command: "/nonexistent/helper x", origin: CredentialProcessTests.origin,
            environment: [:])
        let error = #expect(throws: ConfigurationError.self) { try process.credentials() }
        #expect(error?.message.hasPrefix("/nonexistent/helper cannot be started: No such") == true)
    }

    @Test(
        "a command is split as a shell splits it",
        arguments: [
            ("a b  c", ["a", "b", "c"]), (" a\t", ["a"]), ("", []), ("'a b' c", ["a b", "c"]),
            ("\"a b\"c", ["a bc"]), ("a\\ b", ["a b"]), ("'a\\b'", ["a\\b"]),
            ("\"a\\\"b\\\\c\\d\"", ["a\"b\\c\\d"]), ("''", [""]), ("a''b", ["ab"]),
            ("\"it's\"", ["it's"]), ("$HOME ~ * ;", ["$HOME", "~", "*", ";"]),
            ("'open", nil), ("\"open", nil), ("open\\", nil),
        ] as [(String, [String]?)])
    func words(command: String, words: [String]?) {
        #expect(CredentialProcess.words(command) == words)
    }
}

import Foundation
import Testing

@testable import S3

@Suite("configuration")
struct ConfigurationTests {
    static let config = """
        [default]
        region = eu-north-1
        [profile work]
        region = eu-west-1
        endpoint_url = https://work.example.com
        max_attempts = 7
        s3 =
          addressing_style = path
        [profile served]
        services = minio
        [services minio]
        s3 =
          endpoint_url = https://minio.example.com:9000
        ec2 =
          endpoint_url = https://ec2.example.com
        """

    @Test("without anything said, AWS is asked in us-east-1")
    func nothing() throws {
        let configuration = try ScratchHome().configuration()
        #expect(configuration.region.value == "us-east-1")
        #expect(configuration.region.origin == .standard)
        #expect(configuration.endpoint.description == "https://s3.us-east-1.amazonaws.com")
        #expect(configuration.profile.value == "default" && configuration.warnings.isEmpty)
        #expect(configuration.maxAttempts == nil && configuration.caBundle == nil)
    }

    @Test("a region comes from option, policy, AWS_REGION, AWS_DEFAULT_REGION, profile, in order")
    func region() throws {
        let home = try ScratchHome(config: ConfigurationTests.config)
        let policy = Configuration.PolicySettings(path: "/p.yaml", region: "policy-1")
        let both = ["AWS_REGION": "first-1", "AWS_DEFAULT_REGION": "second-1"]
        let second = ["AWS_REGION": "", "AWS_DEFAULT_REGION": "second-1"]
        let work = ["AWS_PROFILE": "work"]
        let found = try [
            home.configuration(both, policy: policy) { $0.region = "option-1" },
            home.configuration(both, policy: policy), home.configuration(both),
            home.configuration(second), home.configuration(work), home.configuration(),
            home.configuration([
                "AWS_PROFILE": "served", "AWS_ENDPOINT_URL": "https://s3.sa-east-1.amazonaws.com",
            ]),
        ].map { "\($0.region.value) \($0.region.origin)" }
        #expect(
            found == [
                "option-1 option --region", "policy-1 policy /p.yaml",
                "first-1 environment AWS_REGION", "second-1 environment AWS_DEFAULT_REGION",
                "eu-west-1 \(home.path)/.aws/config:4 [profile work]",
                "eu-north-1 \(home.path)/.aws/config:2 [default]",
                "sa-east-1 from the endpoint's host",
            ])
    }

    @Test("an endpoint comes from option, policy, variables, services, profile, in order")
    func endpoint() throws {
        let home = try ScratchHome(config: ConfigurationTests.config)
        let policy = Configuration.PolicySettings(
            path: "/p.yaml", endpointURL: "https://policy.example.com")
        let both = [
            "AWS_ENDPOINT_URL_S3": "https://s3.example.com",
            "AWS_ENDPOINT_URL": "https://all.example.com",
            "AWS_PROFILE": "work",
        ]
        let general = ["AWS_ENDPOINT_URL": "https://all.example.com", "AWS_PROFILE": "work"]
        let ignored = both.merging(["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"]) { $1 }
        let found = try [
            home.configuration(both, policy: policy) { $0.endpointURL = "https://o.example.com" },
            home.configuration(both, policy: policy), home.configuration(both),
            home.configuration(general), home.configuration(["AWS_PROFILE": "work"]),
            home.configuration(["AWS_PROFILE": "served"]), home.configuration(ignored),
            home.configuration(ignored, policy: policy), home.configuration(),
        ].map { "\($0.endpoint) \($0.endpointURL.map { "\($0.origin)" } ?? "none")" }
        #expect(
            found == [
                "https://o.example.com option --endpoint-url",
                "https://policy.example.com policy /p.yaml",
                "https://s3.example.com environment AWS_ENDPOINT_URL_S3",
                "https://all.example.com environment AWS_ENDPOINT_URL",
                "https://work.example.com \(home.path)/.aws/config:5 [profile work]",
                "https://minio.example.com:9000 \(home.path)/.aws/config:13 [services minio]",
                "https://s3.eu-west-1.amazonaws.com none",
                "https://policy.example.com policy /p.yaml",
                "https://s3.eu-north-1.amazonaws.com none",
            ])
    }

    @Test("a variable that loses against a policy is reported")
    func overruled() throws {
        let home = try ScratchHome()
        let policy = Configuration.PolicySettings(
            path: "/p.yaml", region: "policy-1", endpointURL: "https://policy.example.com")
        let other = try home.configuration(
            ["AWS_REGION": "other-1", "AWS_ENDPOINT_URL": "https://other.example.com"],
            policy: policy)
        #expect(other.warnings.count == 2)
        #expect(other.warnings.allSatisfy { $0.contains("/p.yaml") })
        let same = try home.configuration(
            ["AWS_REGION": "policy-1", "AWS_ENDPOINT_URL": "https://policy.example.com"],
            policy: policy)
        #expect(same.warnings.isEmpty)
    }

    @Test("addressing and attempts come from the profile and can be overridden")
    func profileSettings() throws {
        let home = try ScratchHome(config: ConfigurationTests.config)
        let work = try home.configuration(["AWS_PROFILE": "work"])
        #expect(work.addressing.value == .path && work.maxAttempts?.value == 7)
        #expect(work.endpoint.addressing == .path)
        let forced = try home.configuration(
            ["AWS_PROFILE": "work", "AWS_MAX_ATTEMPTS": "3"]) { $0.addressing = .virtual }
        #expect(forced.addressing.value == .virtual && forced.maxAttempts?.value == 3)
        #expect(
            work.rows.map(\.name)
                == ["profile", "region", "endpoint", "addressing", "max-attempts"])
    }

    @Test("a profile comes from option, AWS_PROFILE, AWS_DEFAULT_PROFILE, in order")
    func profile() throws {
        let home = try ScratchHome(config: "[profile a]\n[profile b]\n[profile c]\n")
        let both = ["AWS_PROFILE": "b", "AWS_DEFAULT_PROFILE": "c"]
        let found = try [
            home.configuration(both) { $0.profile = "a" }, home.configuration(both),
            home.configuration(["AWS_DEFAULT_PROFILE": "c"]), home.configuration(),
        ].map { "\($0.profile.value) \($0.profile.origin)" }
        #expect(
            found == [
                "a option --profile", "b environment AWS_PROFILE",
                "c environment AWS_DEFAULT_PROFILE", "default default",
            ])
    }

    @Test("a profile that does not exist is an error that names the nearest and all others")
    func missingProfile() throws {
        let home = try ScratchHome(
            config: "[default]\n[profile production]\n[profile \"two words\"]\n",
            credentials: "[staging]\n[profile ignored]\n")
        let error = #expect(throws: ConfigurationError.self) {
            try home.configuration(["AWS_PROFILE": "prodution"])
        }
        #expect(error?.subject == "profile prodution" && error?.concernsCredentials == true)
        #expect(
            error?.hint == "did you mean production? known profiles: default, production, "
                + "staging, two words")
        let far = #expect(throws: ConfigurationError.self) {
            try home.configuration { $0.profile = "xyz" }
        }
        #expect(far?.hint?.hasPrefix("known profiles:") == true)
        #expect(try home.configuration { $0.profile = "two words" }.profile.value == "two words")
    }

    @Test("a profile without any file says where was looked")
    func noFiles() throws {
        let home = try ScratchHome()
        let error = #expect(throws: ConfigurationError.self) {
            try home.configuration(["AWS_PROFILE": "x"])
        }
        #expect(error?.hint?.contains("\(home.path)/.aws/credentials") == true)
        let homeless = #expect(throws: ConfigurationError.self) {
            try Configuration(environment: ["AWS_PROFILE": "x"])
        }
        #expect(homeless?.hint?.contains("HOME") == true)
    }

    @Test(
        "bad values are refused together with their origin",
        arguments: [
            (["AWS_REGION": "EU West"], "environment AWS_REGION"),
            (["AWS_MAX_ATTEMPTS": "0"], "environment AWS_MAX_ATTEMPTS"),
            (["AWS_MAX_ATTEMPTS": "many"], "environment AWS_MAX_ATTEMPTS"),
            (["AWS_MAX_ATTEMPTS": "99999999999999999999"], "environment AWS_MAX_ATTEMPTS"),
            (["AWS_ENDPOINT_URL": "s3.example.com"], "environment AWS_ENDPOINT_URL"),
            (["AWS_ENDPOINT_URL_S3": "http://s3.example.com"], "environment AWS_ENDPOINT_URL_S3"),
            (["AWS_CA_BUNDLE": "/nonexistent"], "environment AWS_CA_BUNDLE"),
            (["AWS_USE_FIPS_ENDPOINT": "true"], "environment AWS_USE_FIPS_ENDPOINT"),
            (["AWS_PROFILE": "bad"], "config:2 [profile bad]"),
        ])
    func badValues(environment: [String: String], origin: String) throws {
        let home = try ScratchHome(
            config: "[profile bad]\nregion = EU West\n", credentials: nil)
        let error = #expect(throws: ConfigurationError.self) {
            try home.configuration(environment)
        }
        #expect(error?.message.contains(origin) == true)
    }

    @Test("an addressing style that is none is refused")
    func badAddressing() throws {
        let home = try ScratchHome(config: "[default]\ns3 =\n  addressing_style = dns\n")
        #expect(throws: ConfigurationError.self) { try home.configuration() }
    }

    @Test("a CA bundle comes from option, AWS_CA_BUNDLE, profile, in order")
    func caBundle() throws {
        let home = try ScratchHome()
        let files = try ["a", "b", "c"].map { try home.write("x", $0) }
        try home.write("[default]\nca_bundle = \(files[2])\n", ".aws/config")
        let found = try [
            home.configuration(["AWS_CA_BUNDLE": files[1]]) { $0.caBundle = files[0] },
            home.configuration(["AWS_CA_BUNDLE": files[1]]), home.configuration(),
        ].map { $0.caBundle?.value }
        #expect(found == files)
    }

    @Test("plain http to another machine needs insistence")
    func insecure() throws {
        let home = try ScratchHome()
        let url = "http://ceph.example.com:7480"
        #expect(throws: ConfigurationError.self) {
            try home.configuration { $0.endpointURL = url }
        }
        let insisted = try home.configuration {
            $0.endpointURL = url
            $0.insecureHTTP = true
        }
        #expect(insisted.endpoint.description == url)
    }

    @Test("kinds of endpoints that are not chosen are not passed over in silence")
    func otherEndpoints() throws {
        let home = try ScratchHome(
            config:
                "[default]\nuse_dualstack_endpoint = true\ns3 =\n  use_accelerate_endpoint = true\n"
        )
        #expect(try home.configuration().warnings.count == 2)
        let named = try home.configuration(["AWS_USE_FIPS_ENDPOINT": "true"]) {
            $0.endpointURL = "https://s3-fips.us-east-1.amazonaws.com"
        }
        #expect(named.region.value == "us-east-1" && named.warnings.isEmpty)
    }

    @Test("the credentials file comes first, the last of several sections, [profile default]")
    func precedence() throws {
        let home = try ScratchHome(
            config: """
                [default]
                region = hidden-1
                [profile default]
                region = shown-1
                [profile a]
                region = config-1
                max_attempts = 2
                [profile a]
                max_attempts = 3
                """,
            credentials: "[a]\nregion = credentials-1\n")
        #expect(try home.configuration().region.value == "shown-1")
        let a = try home.configuration(["AWS_PROFILE": "a"])
        #expect(a.region.value == "credentials-1" && a.maxAttempts?.value == 3)
    }

    @Test("variables name other files, also under ~/")
    func otherFiles() throws {
        let home = try ScratchHome(config: "[default]\nregion = wrong-1\n")
        let file = try home.write("[default]\nregion = right-1\n", "elsewhere")
        #expect(try home.configuration(["AWS_CONFIG_FILE": file]).region.value == "right-1")
        let short = try home.configuration(["AWS_CONFIG_FILE": "~/elsewhere"])
        #expect(short.region.value == "right-1" && short.warnings.isEmpty)
        let none = try home.configuration(["AWS_CONFIG_FILE": "/nonexistent/x"])
        #expect(none.region.value == "us-east-1" && none.warnings.count == 1)
        #expect(try home.configuration(["AWS_CONFIG_FILE": "/dev/null"]).warnings.isEmpty)
    }

    @Test(
        "a file that cannot be read, or never ends, is an error",
        arguments: ["/dev/zero", "/proc/self", "/proc/self/mem"])
    func unreadable(path: String) throws {
        let error = #expect(throws: ConfigurationError.self) {
            try ScratchHome().configuration(["AWS_SHARED_CREDENTIALS_FILE": path])
        }
        #expect(error?.subject == path)
    }

    @Test(
        "a file with secrets that everybody can read is warned about",
        arguments: [(0o600, false), (0o640, false), (0o644, true), (0o604, true)])
    func permissions(mode: Int, warned: Bool) throws {
        let home = try ScratchHome()
        try home.write(
            "[default]\naws_access_key_id=A\naws_secret_access_key=S\n", ".aws/credentials",
            mode: mode)
        try home.write("[default]\nregion = eu-west-1\n", ".aws/config", mode: 0o644)
        let warnings = try home.configuration().warnings
        #expect(warnings.contains { $0.contains("can be read by everybody") } == warned)
        #expect(warnings.count == (warned ? 1 : 0))
    }
}

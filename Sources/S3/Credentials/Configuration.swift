/// How S3 is reached, put together from options, a policy, the environment and the shared files;
/// each value knows where it came from.
///
/// | value | the first of these that says something |
/// |---|---|
/// | profile | `--profile`, `AWS_PROFILE`, `AWS_DEFAULT_PROFILE`, `default` |
/// | region | `--region`, the policy, `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile, the name of an AWS host in the endpoint's URL, `us-east-1` |
/// | endpoint | `--endpoint-url`, the policy, `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, `s3` of the profile's `[services …]`, the profile, AWS |
/// | addressing | the option, `addressing_style` of the profile's `s3` block, `auto` |
/// | CA bundle | `--ca-bundle`, `AWS_CA_BUNDLE`, the profile, the system |
/// | attempts | `AWS_MAX_ATTEMPTS`, the profile |
///
/// A policy stands above the environment: it names one bucket and was reviewed, while variables
/// are set for a whole shell and for other programs. What decides about deletion must not move to
/// another server because of where it runs. An option is typed for this very run, so it wins;
/// a variable that loses against a policy is reported in `warnings`.
///
/// `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` (or the profile's `ignore_configured_endpoint_urls`)
/// silences the variables and the files, not the option and not the policy. Without any region
/// AWS is asked in `us-east-1` and answers with the right one. An empty variable is as good as
/// none. Source: AWS SDKs and Tools Reference Guide.
public struct Configuration: Sendable {
    /// What the command line says.
    public struct Options: Sendable {
        /// `--profile`
        public var profile: String?
        /// `--region`
        public var region: String?
        /// `--endpoint-url`
        public var endpointURL: String?
        /// `--ca-bundle`
        public var caBundle: String?
        /// Path-style or virtual-host addressing, where it is forced.
        public var addressing: Endpoint.Addressing?
        /// `--insecure-http`: admits plain http to other machines.
        public var insecureHTTP = false

        /// No options.
        public init() {}
    }

    /// What a policy file says about its bucket.
    public struct PolicySettings: Sendable {
        /// The path of the file, for messages.
        public var path: String
        /// `region:`
        public var region: String?
        /// `endpoint-url:`
        public var endpointURL: String?

        /// The settings of the file at `path`.
        public init(path: String, region: String? = nil, endpointURL: String? = nil) {
            self.path = path
            self.region = region
            self.endpointURL = endpointURL
        }
    }

    /// The profile of the shared files; it need not exist if it is only the default.
    public let profile: Setting<String>
    /// The region that is signed.
    public let region: Setting<String>
    /// The URL of the endpoint, where it is not AWS's own.
    public let endpointURL: Setting<String>?
    /// Where the name of the bucket stands.
    public let addressing: Setting<Endpoint.Addressing>
    /// All of the three above, ready for use.
    public let endpoint: Endpoint
    /// The file of certificate authorities to trust instead of the system's.
    public let caBundle: Setting<String>?
    /// How often a request is tried in all, at least 1; nil leaves it to the transport.
    public let maxAttempts: Setting<Int>?
    /// What an operator should know, in whole lines: a file that everybody can read, a variable
    /// without effect.
    public let warnings: [String]
    /// The program that asks, the first word of a role's session where no profile names it.
    public var program = "s3prune"

    let environment: [String: String]
    let files: SharedFiles

    /// Reads the shared files and settles everything but the credentials.
    ///
    /// Throws for a value that cannot be used and for a profile that was asked for by name and
    /// does not exist.
    public init(
        options: Options = Options(), policy: PolicySettings? = nil,
        environment: [String: String]
    ) throws(ConfigurationError) {
        let environment = environment.filter { !$0.value.isEmpty }
        let files = try SharedFiles(environment: environment)
        let name = Configuration.profileName(options, environment)
        let profile = files.profile(name.value)
        if profile.isEmpty, name.origin != .standard {
            throw Configuration.missing(name, files)
        }
        var sources = Sources(
            options: options, policy: policy, environment: environment, files: files,
            profile: profile, warnings: files.warnings)
        try sources.refuseUnsupported()
        let endpointURL = sources.endpointURL()
        let addressing = try sources.addressing()
        let region = try sources.region(endpointURL: endpointURL)
        self.endpoint = try sources.endpoint(endpointURL, region: region, addressing: addressing)
        self.profile = name
        self.endpointURL = endpointURL
        self.addressing = addressing
        self.region = region
        caBundle = try sources.caBundle()
        maxAttempts = try sources.maxAttempts()
        warnings = sources.warnings
        self.environment = environment
        self.files = files
    }

    /// Name, value and origin of everything but the credentials, for `whoami` and `--debug`.
    public var rows: [(name: String, value: String, origin: Origin)] {
        var rows = [
            ("profile", profile.value, profile.origin),
            ("region", region.value, region.origin),
            ("endpoint", endpoint.description, endpointURL?.origin ?? .inferred(from: "region")),
            ("addressing", addressing.value.rawValue, addressing.origin),
        ]
        if let caBundle { rows.append(("ca-bundle", caBundle.value, caBundle.origin)) }
        if let maxAttempts {
            rows.append(("max-attempts", String(maxAttempts.value), maxAttempts.origin))
        }
        return rows
    }

    private static func profileName(
        _ options: Options, _ environment: [String: String]
    ) -> Setting<String> {
        if let profile = options.profile { return Setting(profile, from: .option("--profile")) }
        for variable in ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"] {
            if let profile = environment[variable] {
                return Setting(profile, from: .environment(variable))
            }
        }
        return Setting("default", from: .standard)
    }

    private static func missing(_ name: Setting<String>, _ files: SharedFiles) -> ConfigurationError
    {
        let known = files.profileNames
        let paths = [files.credentialsPath, files.configurationPath].compactMap(\.self)
        var hint = "known profiles: \(known.joined(separator: ", "))"
        if known.isEmpty {
            hint =
                paths.isEmpty
                ? "HOME is not set, so no files were looked for"
                : "neither file has a profile: \(paths.joined(separator: ", "))"
        } else if let nearest = nearestName(to: name.value, among: known) {
            hint = "did you mean \(nearest)? " + hint
        }
        return ConfigurationError(
            subject: "profile \(name.value)", message: "does not exist (\(name.origin))",
            hint: hint, concernsCredentials: true)
    }
}

extension Configuration: CustomStringConvertible, CustomReflectable {
    /// One line a value, with its origin.
    public var description: String {
        rows.map { "\($0.name): \($0.value) (\($0.origin))" }.joined(separator: "\n")
    }

    /// A mirror of the values alone: the environment that is kept inside may hold secrets.
    public var customMirror: Mirror {
        Mirror(self, children: rows.map { (label: $0.name, value: $0.value) })
    }
}

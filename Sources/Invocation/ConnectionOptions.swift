public import ArgumentParser
public import CivilTime
public import Console
public import S3

extension Endpoint.Addressing: ExpressibleByArgument {}

/// Who may pay for a request beside the bucket's owner.
public enum RequestPayer: String, ExpressibleByArgument {
    /// The requester pays.
    case requester
}

/// How S3 is reached: what the options of the `aws` command say.
public struct ConnectionOptions: ParsableArguments {
    @Option(help: "The profile of the shared credentials and config files.")
    var profile: String?

    @Option(help: "The region that requests are signed for.")
    var region: String?

    @Option(
        name: .customLong("endpoint-url"),
        help: ArgumentHelp("Another S3 server than AWS's.", valueName: "url"))
    var endpointURL: String?

    @Option(
        name: .customLong("ca-bundle"),
        help: ArgumentHelp("A file of certificate authorities to trust.", valueName: "file"))
    var caBundle: String?

    @Option(
        name: .customLong("addressing-style"),
        help: "Where the bucket's name stands: auto, path or virtual.")
    var addressing: Endpoint.Addressing?

    @Flag(
        name: .customLong("insecure-http"),
        help: "Let plain http reach other machines than this one.")
    var insecureHTTP = false

    @Option(
        name: .customLong("expected-bucket-owner"),
        help: ArgumentHelp("Refuse a bucket of another account.", valueName: "account"))
    var expectedBucketOwner: String?

    @Option(
        name: .customLong("request-payer"),
        help: ArgumentHelp("Confirm that the requester pays: requester.", valueName: "who"))
    var requestPayer: RequestPayer?

    @Option(
        name: .customLong("read-timeout"),
        help: ArgumentHelp(
            "Begin a request again where no byte moves for so long, at least 1s (default: 60s).",
            valueName: "duration"),
        transform: Self.timeout)
    var readTimeout: FixedDuration?

    @Flag(help: "Show each request and answer on standard error, without secrets.")
    var debug = false

    /// The options that a command named in a report repeats to reach the same bucket.
    public var repeatedWords: [String] {
        var words: [String] = []
        if let endpointURL { words += ["--endpoint-url", endpointURL] }
        if let profile { words += ["--profile", profile] }
        if let region { words += ["--region", region] }
        if let caBundle { words += ["--ca-bundle", caBundle] }
        if let addressing { words += ["--addressing-style", addressing.rawValue] }
        if insecureHTTP { words.append("--insecure-http") }
        if let expectedBucketOwner { words += ["--expected-bucket-owner", expectedBucketOwner] }
        if let requestPayer { words += ["--request-payer", requestPayer.rawValue] }
        if let readTimeout { words += ["--read-timeout", "\(readTimeout)"] }
        return words
    }

    /// No options given.
    public init() {}

    /// Settles how S3 is reached; `policy` is what a policy file says about it.
    public func configuration(
        policy: Configuration.PolicySettings? = nil, environment: [String: String]
    ) throws -> Configuration {
        var options = Configuration.Options()
        options.profile = profile
        options.region = region
        options.endpointURL = endpointURL
        options.caBundle = caBundle
        options.addressing = addressing
        options.insecureHTTP = insecureHTTP
        return try Configuration(options: options, policy: policy, environment: environment)
    }

    /// A client for this configuration; `cancellation` ends its requests from another thread.
    ///
    /// Warnings of the configuration, and each request with `--debug`, go to `diagnostics`.
    /// `ownSpan` is how many seconds the work may well take: credentials that end before are warned
    /// of. `adjust` may change the options of the client. Throws for credentials that have ended.
    public func client(
        _ configuration: Configuration, cancellation: Cancellation?, diagnostics: Diagnostics,
        ownSpan: Int64 = 0, adjust: (inout Client.Options) -> Void = { _ in }
    ) throws -> Client {
        for warning in configuration.warnings { diagnostics.warning(warning) }
        var options = clientOptions(configuration, cancellation, diagnostics)
        adjust(&options)
        let credentials = try Self.credentials(configuration, diagnostics)
        try check(credentials, now: SystemClock.now(), ownSpan: ownSpan, diagnostics)
        if credentials.isRenewable {
            options.renewal = renewal(of: credentials, configuration, diagnostics)
        }
        return Client(
            endpoint: configuration.endpoint, credentials: credentials, options: options)
    }

    private static func credentials(
        _ configuration: Configuration, _ diagnostics: Diagnostics
    ) throws(ConfigurationError) -> Credentials {
        var configuration = configuration
        configuration.program = diagnostics.program
        return try configuration.credentials(clock: SystemClock.now)
    }

    private func renewal(
        of credentials: Credentials, _ configuration: Configuration, _ diagnostics: Diagnostics
    ) -> CredentialRenewal {
        CredentialRenewal(
            credentials,
            source: { () throws(ConfigurationError) in
                try Self.credentials(configuration, diagnostics)
            },
            onFailure: { error in
                diagnostics.warning(
                    "the credentials were not renewed: " + PrintableText.escape("\(error)"),
                    hint: error.hint.map(PrintableText.escape))
            })
    }

    /// Throws for credentials that have ended; warns of such as end within `ownSpan` seconds and
    /// are not renewed.
    private func check(
        _ credentials: Credentials, now: Timestamp, ownSpan: Int64, _ diagnostics: Diagnostics
    ) throws {
        guard let end = credentials.expiration else { return }
        let source = PrintableText.escape(credentials.source)
        guard end > now else {
            throw Failure(
                .permission, "the credentials ended at \(end.rfc3339) (\(source))",
                hint: "get new temporary credentials")
        }
        if !credentials.isRenewable, end.seconds - now.seconds < ownSpan {
            diagnostics.warning(
                "the credentials end in \((end.seconds - now.seconds) / 60) min, at "
                    + "\(end.rfc3339) (\(source))",
                hint: "what takes longer fails: get new ones first")
        }
    }

    /// What signs URLs and forms that somebody else will use; nothing is sent.
    ///
    /// Such a signature cannot follow a bucket to another region, and ends with the credentials
    /// that made it: throws for credentials that have ended at `now`.
    public func signer(
        _ configuration: Configuration, now: Timestamp, diagnostics: Diagnostics
    ) throws -> Signer {
        for warning in configuration.warnings { diagnostics.warning(warning) }
        showRows(configuration, diagnostics)
        if configuration.region.origin == .standard, configuration.endpoint.followsRegion {
            diagnostics.warning(
                "no region is set, so \(configuration.region.value) is signed for",
                hint: "a bucket of another region refuses the signature: give --region")
        }
        let credentials = try Self.credentials(configuration, diagnostics)
        try check(credentials, now: now, ownSpan: 0, diagnostics)
        return Signer(credentials: credentials, region: configuration.endpoint.region)
    }

    /// What a presigned URL has to repeat in its query of the bucket's owner and who pays.
    public var accountQuery: [QueryItem] {
        var items: [QueryItem] = []
        if let expectedBucketOwner {
            items.append(QueryItem("x-amz-expected-bucket-owner", expectedBucketOwner))
        }
        if let requestPayer {
            items.append(QueryItem("x-amz-request-payer", requestPayer.rawValue))
        }
        return items
    }

    @Sendable private static func timeout(_ text: String) throws -> FixedDuration {
        let duration = try FixedDuration(argument: text)
        guard (1...86_400).contains(duration.seconds) else {
            throw ValidationError("--read-timeout is 1s to 24h")
        }
        return duration
    }

    private func showRows(_ configuration: Configuration, _ diagnostics: Diagnostics) {
        guard debug else { return }
        for row in configuration.rows {
            let text = PrintableText.escape("\(row.name) \(row.value) (\(row.origin))")
            diagnostics.raw("\(diagnostics.program): debug: \(text)")
        }
    }

    private func clientOptions(
        _ configuration: Configuration, _ cancellation: Cancellation?, _ diagnostics: Diagnostics
    ) -> Client.Options {
        var options = Client.Options(clock: SystemClock.now)
        options.caBundle = configuration.caBundle?.value
        if let attempts = configuration.maxAttempts { options.retry.maxAttempts = attempts.value }
        options.userAgent = diagnostics.program
        options.expectedBucketOwner = expectedBucketOwner
        options.requesterPays = requestPayer != nil
        if let readTimeout { options.stallMilliseconds = readTimeout.seconds * 1000 }
        options.cancellation = cancellation
        if debug {
            let program = diagnostics.program
            options.debug = { diagnostics.raw("\(program): debug: " + PrintableText.escape($0)) }
            showRows(configuration, diagnostics)
        }
        return options
    }
}

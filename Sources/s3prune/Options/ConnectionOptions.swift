public import ArgumentParser
import PolicyFile
public import S3

extension Endpoint.Addressing: ExpressibleByArgument {}

/// Who may pay for a request beside the bucket's owner.
enum RequestPayer: String, ExpressibleByArgument {
    case requester
}

/// How S3 is reached: what the options of the `aws` command say.
struct ConnectionOptions: ParsableArguments {
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

    @Flag(help: "Show each request and answer on standard error, without secrets.")
    var debug = false

    /// Settles how the bucket of a policy is reached.
    func configuration(for policy: Policy, environment: [String: String]) throws -> Configuration {
        var options = Configuration.Options()
        options.profile = profile
        options.region = region
        options.endpointURL = endpointURL
        options.caBundle = caBundle
        options.addressing = addressing
        options.insecureHTTP = insecureHTTP
        return try Configuration(
            options: options,
            policy: .init(
                path: policy.path, region: policy.region, endpointURL: policy.endpointURL),
            environment: environment)
    }
}

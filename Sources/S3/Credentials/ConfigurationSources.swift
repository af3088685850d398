internal import Glibc

extension Configuration {
    /// All places that a value can come from, in the order that `Configuration` describes.
    struct Sources {
        let options: Options
        let policy: PolicySettings?
        let environment: [String: String]
        let files: SharedFiles
        let profile: SharedFiles.Profile
        var warnings: [String]

        private func variable(_ name: String) -> Setting<String>? {
            environment[name].map { Setting($0, from: .environment(name)) }
        }

        private func property(_ name: String) -> Setting<String>? {
            profile[name].map { Setting($0.text, from: $0.origin) }
        }

        mutating func region(
            endpointURL: Setting<String>?
        ) throws(ConfigurationError) -> Setting<String> {
            let variable = variable("AWS_REGION") ?? variable("AWS_DEFAULT_REGION")
            let chosen: Setting<String>
            if let region = options.region {
                chosen = Setting(region, from: .option("--region"))
            } else if let policy, let region = policy.region {
                chosen = Setting(region, from: .policy(policy.path))
                warnIfIgnored(variable, chosen)
            } else if let found = variable ?? property("region") {
                chosen = found
            } else if let endpointURL, let parts = try? EndpointURL(endpointURL.value),
                let region = HostName(parts.host).awsRegion
            {
                chosen = Setting(region, from: .inferred(from: "the endpoint's host"))
            } else {
                chosen = Setting("us-east-1", from: .standard)
            }
            guard Endpoint.isRegion(chosen.value) else {
                throw ConfigurationError(
                    subject: "region",
                    message: "\"\(chosen.value)\" is not a region (\(chosen.origin))",
                    hint: "a region is written like eu-central-1")
            }
            return chosen
        }

        mutating func endpointURL() -> Setting<String>? {
            if let url = options.endpointURL {
                return Setting(url, from: .option("--endpoint-url"))
            }
            let configured = configuredEndpointURL()
            if let policy, let url = policy.endpointURL {
                let chosen = Setting(url, from: .policy(policy.path))
                if case .environment = configured?.origin { warnIfIgnored(configured, chosen) }
                return chosen
            }
            return configured
        }

        /// What variables and files say, unless they are told to be silent.
        private func configuredEndpointURL() -> Setting<String>? {
            let ignored =
                variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
                ?? property("ignore_configured_endpoint_urls")
            if ignored?.value.lowercased() == "true" { return nil }
            if let found = variable("AWS_ENDPOINT_URL_S3") ?? variable("AWS_ENDPOINT_URL") {
                return found
            }
            if let services = profile["services"],
                let found = files.services(services.text)["s3", "endpoint_url"]
            {
                return Setting(found.text, from: found.origin)
            }
            return property("endpoint_url")
        }

        func addressing() throws(ConfigurationError) -> Setting<Endpoint.Addressing> {
            if let addressing = options.addressing {
                return Setting(addressing, from: .option("--addressing"))
            }
            guard let found = profile["s3", "addressing_style"] else {
                return Setting(.auto, from: .standard)
            }
            guard let addressing = Endpoint.Addressing(rawValue: found.text.lowercased()) else {
                throw ConfigurationError(
                    subject: "addressing_style",
                    message: "\"\(found.text)\" is not an addressing style (\(found.origin))",
                    hint: "auto, path or virtual")
            }
            return Setting(addressing, from: found.origin)
        }

        func endpoint(
            _ url: Setting<String>?, region: Setting<String>,
            addressing: Setting<Endpoint.Addressing>
        ) throws(ConfigurationError) -> Endpoint {
            guard let url else {
                return try Endpoint(awsRegion: region.value, addressing: addressing.value)
            }
            do {
                return try Endpoint(
                    url: url.value, region: region.value, addressing: addressing.value,
                    admitsPlainHTTP: options.insecureHTTP)
            } catch {
                var located = error
                located.message += " (\(url.origin))"
                throw located
            }
        }

        func caBundle() throws(ConfigurationError) -> Setting<String>? {
            let option = options.caBundle.map { Setting($0, from: .option("--ca-bundle")) }
            guard let found = option ?? variable("AWS_CA_BUNDLE") ?? property("ca_bundle") else {
                return nil
            }
            guard access(found.value, R_OK) == 0 else {
                throw ConfigurationError(
                    subject: "CA bundle \(found.value)",
                    message: "cannot be read: \(String(cString: strerror(errno)))"
                        + " (\(found.origin))")
            }
            return found
        }

        func maxAttempts() throws(ConfigurationError) -> Setting<Int>? {
            guard let found = variable("AWS_MAX_ATTEMPTS") ?? property("max_attempts") else {
                return nil
            }
            guard found.value.utf8.allSatisfy(isDigit), let attempts = Int(found.value),
                (1...100).contains(attempts)
            else {
                throw ConfigurationError(
                    subject: "attempts",
                    message: "\"\(found.value)\" is not a number from 1 to 100 (\(found.origin))")
            }
            return Setting(attempts, from: found.origin)
        }

        /// Settings that choose another host of AWS must not be passed over in silence.
        mutating func refuseUnsupported() throws(ConfigurationError) {
            guard options.endpointURL == nil, policy?.endpointURL == nil,
                configuredEndpointURL() == nil
            else { return }
            let fips = variable("AWS_USE_FIPS_ENDPOINT") ?? property("use_fips_endpoint")
            if let fips, fips.value.lowercased() == "true" {
                throw ConfigurationError(
                    subject: "FIPS endpoint", message: "is not chosen by itself (\(fips.origin))",
                    hint: "name it: --endpoint-url https://s3-fips.REGION.amazonaws.com")
            }
            let block = ["use_dualstack_endpoint", "use_accelerate_endpoint"]
                .compactMap { profile["s3", $0] }.map { Setting($0.text, from: $0.origin) }
            let dual = [variable("AWS_USE_DUALSTACK_ENDPOINT"), property("use_dualstack_endpoint")]
            for found in dual.compactMap(\.self) + block where found.value.lowercased() == "true" {
                warnings.append(
                    "another kind of endpoint is asked for and ignored"
                        + " (\(found.origin)); name it with --endpoint-url")
            }
        }

        private mutating func warnIfIgnored(_ loser: Setting<String>?, _ winner: Setting<String>) {
            guard let loser, loser.value != winner.value else { return }
            warnings.append(
                "\(loser.origin) says \(loser.value), but \(winner.origin) decides: "
                    + winner.value)
        }
    }
}

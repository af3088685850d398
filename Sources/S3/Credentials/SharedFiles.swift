/// The shared configuration and credentials files together, as profiles.
struct SharedFiles: Sendable {
    /// A property, and where it stands.
    struct Found {
        let file: SharedFile
        let section: SharedFile.Section
        let property: SharedFile.Property

        var text: String { file.text(property) }
        var secret: Secret { file.secret(property) }
        var origin: Origin {
            .file(path: file.path, line: property.line, section: section.title)
        }
    }

    /// What both files say about one name.
    struct Profile: Sendable {
        let name: String
        /// In order of precedence: the credentials file before the configuration file, in each
        /// the last section of that name first.
        fileprivate let sections: [(file: SharedFile, section: SharedFile.Section)]

        var isEmpty: Bool { sections.isEmpty }

        /// The property that counts: of several in a file the last. One without value is none.
        subscript(_ name: String) -> Found? {
            for (file, section) in sections {
                if let property = section.properties.last(where: {
                    $0.name == name && !$0.value.isEmpty
                }) {
                    return Found(file: file, section: section, property: property)
                }
            }
            return nil
        }

        /// A property of the indented block `block =`.
        subscript(_ block: String, _ name: String) -> Found? {
            for (file, section) in sections {
                for outer in section.properties.reversed() where outer.name == block {
                    if let property = outer.nested.last(where: {
                        $0.name == name && !$0.value.isEmpty
                    }) {
                        return Found(file: file, section: section, property: property)
                    }
                }
            }
            return nil
        }
    }

    /// The files that were looked for, whether they exist or not.
    let configurationPath: String?
    let credentialsPath: String?
    let configuration: SharedFile?
    let credentials: SharedFile?
    /// What is odd about the files but no reason to stop.
    let warnings: [String]

    /// Reads the files that the variables name, by default those of `HOME`.
    init(environment: [String: String]) throws(ConfigurationError) {
        let home = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 }
        var warnings = [String]()
        func path(_ variable: String, _ standard: String) -> String? {
            guard let named = environment[variable], !named.isEmpty else {
                return home.map { "\($0)/.aws/\(standard)" }
            }
            guard named.hasPrefix("~/"), let home else { return named }
            return home + named.dropFirst()
        }
        func load(_ path: String?, _ variable: String) throws(ConfigurationError) -> SharedFile? {
            guard let path else { return nil }
            guard let contents = try FileContents.read(path) else {
                if environment[variable]?.isEmpty == false {
                    warnings.append("\(variable) names \(path), which does not exist")
                }
                return nil
            }
            let file = try SharedFile(path: path, bytes: contents.bytes)
            if contents.isRegular, contents.mode & 0o004 != 0, file.holdsSecrets {
                warnings.append(
                    "\(path) holds secrets and can be read by everybody; chmod 600 cures it")
            }
            return file
        }
        configurationPath = path("AWS_CONFIG_FILE", "config")
        credentialsPath = path("AWS_SHARED_CREDENTIALS_FILE", "credentials")
        configuration = try load(configurationPath, "AWS_CONFIG_FILE")
        credentials = try load(credentialsPath, "AWS_SHARED_CREDENTIALS_FILE")
        self.warnings = warnings
    }

    /// Everything under one name; empty if neither file has it.
    func profile(_ name: String) -> Profile {
        var sections = [(file: SharedFile, section: SharedFile.Section)]()
        if let credentials {
            sections += credentials.sections.reversed()
                .filter { $0.credentialsProfile == name }.map { (credentials, $0) }
        }
        if let configuration {
            // [profile default] hides [default].
            var own = configuration.sections.filter { $0.named("profile") == name }
            if own.isEmpty, name == "default" {
                own = configuration.sections.filter { $0.title == "default" }
            }
            sections += own.reversed().map { (configuration, $0) }
        }
        return Profile(name: name, sections: sections)
    }

    /// The section `[services NAME]` of the configuration file.
    func services(_ name: String) -> Profile { section("services", name) }

    /// The section `[sso-session NAME]` of the configuration file.
    func singleSignOn(_ name: String) -> Profile { section("sso-session", name) }

    private func section(_ kind: String, _ name: String) -> Profile {
        let sections = configuration.map { file in
            file.sections.filter { $0.named(kind) == name }.reversed().map { (file, $0) }
        }
        return Profile(name: name, sections: sections ?? [])
    }

    /// The names of all profiles, sorted.
    var profileNames: [String] {
        var names = Set((credentials?.sections ?? []).compactMap(\.credentialsProfile))
        for section in configuration?.sections ?? [] {
            if let name = section.named("profile") { names.insert(name) }
            if section.title == "default" { names.insert("default") }
        }
        return names.sorted()
    }
}

extension SharedFile {
    /// Whether any section holds a secret key or token.
    var holdsSecrets: Bool {
        sections.contains { section in
            section.properties.contains {
                ["aws_secret_access_key", "aws_session_token"].contains($0.name)
                    && !$0.value.isEmpty
            }
        }
    }
}

extension SharedFile.Section {
    /// The name in `[KIND NAME]`, without quotes around it.
    func named(_ kind: String) -> String? {
        guard title.hasPrefix(kind + " ") else { return nil }
        return unquoted(title.dropFirst(kind.utf8.count + 1))
    }

    /// The profile that this section of a credentials file describes: there the whole title is
    /// the name, and `[profile x]` is a slip that AWS's tools ignore too.
    var credentialsProfile: String? {
        title.hasPrefix("profile ") ? nil : unquoted(title[...])
    }

    private func unquoted(_ text: Substring) -> String {
        for quote in ["\"", "'"]
        where text.count >= 2 && text.hasPrefix(quote) && text.hasSuffix(quote) {
            return String(text.dropFirst().dropLast())
        }
        return String(text)
    }
}

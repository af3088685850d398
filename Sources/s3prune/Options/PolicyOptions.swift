import ArgumentParser
import Console
import Glibc
import PolicyFile

/// Which policy files a command reads.
struct PolicyOptions: ParsableArguments {
    @Option(
        name: .customLong("policy"),
        help: ArgumentHelp(
            "A policy file; may be given several times.",
            discussion: """
                Default: every *.yaml of $S3PRUNE_POLICIES, else of \
                $XDG_CONFIG_HOME/s3prune/policies, else of /etc/s3prune/policies.
                """,
            valueName: "file"))
    var files: [String] = []

    /// The paths of the policy files, given or found.
    func paths(environment: [String: String]) throws -> [String] {
        if !files.isEmpty { return files }
        for folder in Self.folders(environment: environment) {
            guard let names = Self.names(in: folder) else { continue }
            let found = names.filter { $0.hasSuffix(".yaml") && !$0.hasPrefix(".") }.sorted()
            if !found.isEmpty { return found.map { folder + "/" + $0 } }
        }
        throw Failure(
            .configuration, "there is no policy file",
            hint: "name one with --policy FILE; 's3prune policy init' prints one to start from")
    }

    private static func folders(environment: [String: String]) -> [String] {
        if let folder = environment["S3PRUNE_POLICIES"], !folder.isEmpty { return [folder] }
        var folders: [String] = []
        if let config = environment["XDG_CONFIG_HOME"], !config.isEmpty {
            folders.append(config + "/s3prune/policies")
        } else if let home = environment["HOME"], !home.isEmpty {
            folders.append(home + "/.config/s3prune/policies")
        }
        return folders + ["/etc/s3prune/policies"]
    }

    private static func names(in folder: String) -> [String]? {
        guard let handle = opendir(folder) else { return nil }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names
    }
}

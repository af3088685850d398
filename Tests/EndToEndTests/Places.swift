import Foundation

/// Where the built programs and the files of the repository are.
enum Places {
    /// The directory of the built programs: the one that the tests were built into.
    static let products: String = {
        let executable =
            (try? FileManager.default.destinationOfSymbolicLink(
                atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: executable).deletingLastPathComponent().path
    }()

    /// The top of the repository.
    static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    static func script(_ name: String) -> String { "\(repository)/scripts/\(name)" }

    /// The Python that has boto3 (`scripts/python-environment`).
    static let python = "\(repository)/.venv/bin/python"
}

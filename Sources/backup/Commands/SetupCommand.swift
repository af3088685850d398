import ArgumentParser
import Console
import Foundation
import Invocation
import S3

/// `backup setup`: a bucket as backups need it.
struct SetupCommand: ExitingCommand {
    static let configuration = CommandConfiguration(
        commandName: "setup",
        abstract: "Make a bucket ready for backups, or say what it lacks.",
        discussion: """
            Creates the bucket where there is none, and sets what is not set: versioning, so that \
            no upload takes an earlier one away; the block of public access; encryption by the \
            server where nothing else is asked for; and the end of uploads that were begun and \
            never completed, after 3 days. What is set already stays, lifecycle rules included. \
            Running it again changes nothing.

            A step that the server does not have is reported and left out. --dry-run reads and \
            reports only. Needs the rights of an administrator: s3:CreateBucket, s3:ListBucket, \
            and to get and put those settings.

            Next: 'backup key generate', then 'backup iam uploader --bucket B'.
            """)

    @Argument(help: ArgumentHelp("The bucket.", valueName: "s3://bucket"))
    var bucket: String

    @Flag(name: .customLong("dry-run"), help: "Change nothing, say what would change.")
    var dryRun = false

    @Flag(name: .shortAndLong, help: "Say nothing but the report, warnings and errors.")
    var quiet = false

    @OptionGroup(title: "Connection") var connection: ConnectionOptions

    func perform() throws -> Console.ExitCode {
        let location = try S3Location(bucket)
        guard !location.hasKey else {
            throw Failure(
                .usage, "\(location.printable) names a key, setup takes a bucket",
                hint: "write s3://\(location.bucket)")
        }
        var said = diagnostics
        said.isQuiet = quiet
        let configuration = try connection.configuration(
            environment: ProcessSafety.environment)
        let client = try connection.client(
            configuration, cancellation: nil, diagnostics: diagnostics)
        let setup = BucketSetup(
            client: client, bucket: location.bucket, changes: !dryRun,
            isRegionSet: configuration.region.origin != .standard)
        return try SetupReport(output: .standardOutput(), diagnostics: said).run(setup)
    }
}

import ArgumentParser
import Console
import Foundation
import Invocation
import S3

/// `backup iam`: the rights of each role.
struct IAMCommand: ExitingCommand {
    static let configuration = CommandConfiguration(
        commandName: "iam",
        abstract: "Print the policy of a role, or check that credentials have its rights.",
        discussion: """
            uploader   a server: puts backups, and nothing else
            pruner     s3prune: sees versions and deletes them, reads and writes none
            restorer   the administrator: reads backups, writes none
            reporter   monitoring: sees versions and settings, reads and writes nothing
            signer     signs forms (grant) and URLs (presign) that others use

            Prints the JSON of an IAM policy; nothing is sent. With the aws command:

              backup iam uploader --bucket B --prefix web1/ > uploader.json
              aws iam put-user-policy --user-name web1 --policy-name backup \\
                  --policy-document file://uploader.json

            --check tries with the credentials at hand what the role must be able to do, and what \
            it must not, and says so line by line; exit code 77 if a right is missing or one too \
            many, 6 if one could not be told. What must be refused is asked for in ways that \
            change nothing if it is not: a checksum that does not agree, a version that does not \
            exist, a setting that is no document. (AWS and Ceph look at those first; a server that \
            does not is no place for a check.) Only the key PREFIX.backup-iam-check is written: \
            an uploader's and a signer's check leave a version of 19 bytes there, and where \
            s3:DeleteObject is wrongly allowed a delete marker may stay on it.

            A bucket that encrypts with a KMS key needs rights to that key as well: \
            kms:GenerateDataKey and kms:Decrypt to upload, kms:Decrypt to read.
            """)

    @Argument(help: ArgumentHelp("The role.", valueName: "role"))
    var role: Role

    @Option(help: "The bucket.")
    var bucket: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Only keys that begin with this, such as web1/: each server its own.",
            valueName: "prefix"))
    var prefix: String = ""

    @Flag(help: "Try the rights of the credentials at hand instead of printing the policy.")
    var check = false

    @Flag(name: .shortAndLong, help: "Say nothing but warnings and errors.")
    var quiet = false

    @OptionGroup(title: "Connection") var connection: ConnectionOptions

    func perform() throws -> Console.ExitCode {
        let place = try S3Location(bucket: bucket, key: Array(prefix.utf8))
        var said = diagnostics
        said.isQuiet = quiet
        let configuration = try connection.configuration(
            environment: ProcessSafety.environment)
        warn(to: said)
        if check { return try tryRights(of: place, configuration) }
        let policy = PolicyDocument(
            role: role, bucket: place.bucket, prefix: prefix, region: configuration.region.value)
        try ByteWriter.print(policy.json)
        return .done
    }

    /// Some requests are made to fail: each is sent once.
    private func tryRights(
        of place: S3Location, _ configuration: Configuration
    ) throws -> Console.ExitCode {
        let client = try connection.client(
            configuration, cancellation: nil, diagnostics: diagnostics
        ) { $0.retry.maxAttempts = 1 }
        let credentials = client.credentials
        return try RightsCheck(
            role: role, scratch: ScratchObject(client: client, place: place),
            holder: PrintableText.escape("\(credentials.accessKeyID) (\(credentials.source))"),
            output: .standardOutput()
        ).run()
    }

    private func warn(to said: Diagnostics) {
        if !prefix.isEmpty, !prefix.hasSuffix("/") {
            said.warning(
                "the prefix \(PrintableText.escape(prefix)) does not end with a slash: it covers "
                    + "\(PrintableText.escape(prefix))2 as well")
        } else if prefix.isEmpty, role == .uploader {
            said.note("without --prefix one server can add versions to another's backups")
        }
    }
}

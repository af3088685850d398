import ArgumentParser
import CivilTime
import Console
import Foundation
import Invocation
import S3

/// `backup presign`: one URL for one version.
struct PresignCommand: ExitingCommand {
    static let configuration = CommandConfiguration(
        commandName: "presign",
        abstract: "Print a URL that gives one version to whoever has it, for a while.",
        discussion: """
            Nothing is sent: the URL is signed here, with the rights of the credentials that \
            sign it, and whether it works shows when it is used. It needs s3:GetObjectVersion, \
            or s3:GetObject without --version-id. Fetch it with curl or wget:

              wget -O db.sql.gz.gpg "$(backup presign s3://B/db.sql.gz.gpg --version-id V)"

            Whoever sees the URL can use it until it ends. It cannot be taken back but by \
            deactivating the key that signed it.
            """)

    @Argument(help: ArgumentHelp("The object.", valueName: "s3://bucket/key"))
    var object: String

    @Option(
        name: .customLong("version-id"), parsing: .unconditional,
        help: ArgumentHelp(
            "The version (default: whatever is current when the URL is used).",
            valueName: "version-id"))
    var versionID: String?

    @Option(
        help: ArgumentHelp(
            "How long the URL works, at most 7d (default: 1h).", valueName: "duration"),
        transform: FixedDuration.init(argument:))
    var expires = FixedDuration(seconds: 3600)

    @Flag(name: .shortAndLong, help: "Say nothing but warnings and errors.")
    var quiet = false

    @OptionGroup(title: "Connection") var connection: ConnectionOptions

    func perform() throws -> Console.ExitCode {
        let location = try S3Location(key: object)
        var query = connection.accountQuery
        if let versionID { query.append(QueryItem("versionId", try Self.version(versionID).bytes)) }
        let lifetime = try SignatureLifetime(expires, option: "--expires")

        var said = diagnostics
        said.isQuiet = quiet
        let now = SystemClock.now()
        let configuration = try connection.configuration(
            environment: ProcessSafety.environment)
        let signer = try connection.signer(configuration, now: now, diagnostics: said)
        let url = try signer.presign(
            Request(.get, .object(bucket: location.bucket, key: location.key), query: query),
            to: configuration.endpoint, at: now, expires: lifetime.seconds)
        try ByteWriter.print(url + "\n")

        lifetime.report(of: "the URL", signedBy: signer.credentials, at: now, to: said)
        if versionID == nil {
            said.note("it gives what is current when it is used; --version-id names one version")
        }
        if Self.hasDotSegment(location.key) {
            said.warning(
                "the key has a segment . or .., which programs may take out of the URL",
                hint: "curl --path-as-is sends it as it is")
        }
        return .done
    }

    private static func version(_ text: String) throws -> VersionID {
        guard let id = VersionID(text) else {
            throw Failure(
                .usage, "--version-id is no version id: \(PrintableText.escape(text))",
                hint: "'backup list --versions' shows them")
        }
        return id
    }

    private static func hasDotSegment(_ key: [UInt8]) -> Bool {
        key.split(separator: UInt8(ascii: "/")).contains {
            [Array(".".utf8), Array("..".utf8)].contains(Array($0))
        }
    }
}

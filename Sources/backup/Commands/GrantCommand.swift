import ArgumentParser
import CivilTime
import Console
import Foundation
import Invocation
import S3

/// `backup grant`: what a server needs to upload without any key.
struct GrantCommand: ExitingCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant",
        abstract: "Print what a server needs to upload with nothing but curl, for a while.",
        discussion: """
            Signs a form (an S3 POST policy) for exactly one key, or for the keys below one \
            prefix, written s3://B/PREFIX/* in quotes. It holds no secret key. Nothing is sent; \
            whoever has the form can upload with it, as often as they like, until it ends: every \
            upload is a new version, none is ever read or deleted. Send it as you send a password.

            curl (the default) is a shell script that takes the command that makes the backup:

              backup grant s3://B/web1/shop.sql.gz.gpg > upload.sh
              sh upload.sh bash -o pipefail -c 'pg_dump shop | gzip | gpg -e -f key.asc'

            It writes to a temporary file first, and uploads only if the command ended well: \
            curl -F file=@- would hold the whole backup in memory, and upload whatever a failing \
            command wrote before it failed.

            json is the URL and the fields, as boto3's generate_presigned_post gives them; html \
            is a page with the form. The key that signs needs s3:PutObject, and s3:PutObjectAcl \
            for an ACL. One upload has at most 5 GiB: that is what S3 takes in a form.
            """)

    @Argument(
        help: ArgumentHelp(
            "The key, or a prefix and /* for every key below it.", valueName: "s3://bucket/key"))
    var object: String

    @Option(
        help: ArgumentHelp(
            "How long the form works, at most 7d (default: 24h).", valueName: "duration"),
        transform: FixedDuration.init(argument:))
    var expires = FixedDuration(seconds: 86_400)

    @Option(
        name: .customLong("max-size"),
        help: ArgumentHelp(
            "The largest upload, at most 5GiB (default: 5GiB); an empty one is refused.",
            valueName: "size"),
        transform: ByteSize.init(argument:))
    var maxSize = ByteSize(bytes: POSTPolicy.largestUpload)

    @Option(
        help: ArgumentHelp(
            "The ACL of what is uploaded: private, bucket-owner-full-control or none.",
            discussion: """
                No form lets the public read. Default: on AWS bucket-owner-full-control, as buckets \
                with ACLs turned off (AWS's default) take no other; elsewhere private. With none \
                the object gets what the bucket gives.
                """,
            valueName: "acl"))
    var acl: GrantedACL?

    @Option(help: "The form: a shell script for curl, json, or an html page.")
    var format = GrantFormat.curl

    @Flag(name: .shortAndLong, help: "Say nothing but warnings and errors.")
    var quiet = false

    @OptionGroup(title: "Connection") var connection: ConnectionOptions

    func perform() throws -> Console.ExitCode {
        let place = try GrantedPlace(object)
        let lifetime = try SignatureLifetime(expires, option: "--expires")
        guard (1...POSTPolicy.largestUpload).contains(maxSize.bytes) else {
            throw Failure(
                .usage, "--max-size is \(maxSize), a form takes 1B to 5GiB",
                hint: "larger backups need 'aws s3 cp -' or 'backup upload', and a key of their own"
            )
        }
        guard connection.accountQuery.isEmpty else {
            throw Failure(
                .usage, "a form cannot name the bucket's owner or who pays",
                hint: "leave --expected-bucket-owner and --request-payer out")
        }
        if format == .curl { try place.requireVisible() }

        var said = diagnostics
        said.isQuiet = quiet
        let now = SystemClock.now()
        let configuration = try connection.configuration(
            environment: ProcessSafety.environment)
        let signer = try connection.signer(configuration, now: now, diagnostics: said)
        let policy = POSTPolicy(
            bucket: place.bucket, key: place.key, contentLength: 1...maxSize.bytes,
            acl: acl.map(\.acl) ?? configuration.endpoint.usualACL, expires: lifetime.seconds,
            fields: [("success_action_status", "201")])
        let form = try signer.sign(policy, to: configuration.endpoint, at: now)
        if let warning = policy.warning { said.warning(warning) }
        try ByteWriter.print(format.text(Grant(place: place, form: form, maxSize: maxSize)))
        lifetime.report(of: "the form", signedBy: signer.credentials, at: now, to: said)
        return .done
    }
}

/// What `--acl` takes.
enum GrantedACL: String, ExpressibleByArgument, CaseIterable {
    case `private`
    case bucketOwnerFullControl = "bucket-owner-full-control"
    case none

    /// The form's field; nil where it has none.
    var acl: POSTPolicy.ACL? { POSTPolicy.ACL(rawValue: rawValue) }
}

/// The forms in which a grant is printed.
enum GrantFormat: String, ExpressibleByArgument, CaseIterable {
    case curl, json, html

    /// The whole text of a grant, with its last line's end.
    func text(_ grant: Grant) -> String {
        switch self {
        case .curl: grant.curlScript
        case .json: grant.json
        case .html: grant.page
        }
    }
}

import ArgumentParser
import CivilTime
import Console
import Foundation
import Invocation
import S3

/// `backup list`: what is stored.
struct ListCommand: ExitingCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List backups: current versions, or all of them.",
        discussion: """
            Every key that begins with the prefix, in the order of S3: its date (UTC), age, size \
            and version id, which restore, verify and presign take. With --versions also the \
            earlier versions of each key, newest first, and its delete markers. Needs \
            s3:ListBucketVersions.

            json is one object a line; a listing that ends early exits with another code than 0.
            """)

    @Argument(
        help: ArgumentHelp(
            "The bucket, or the beginning of the keys in it.", valueName: "s3://bucket/prefix"))
    var prefix: String

    @Flag(help: "Show all versions and delete markers, not only what is current.")
    var versions = false

    @Option(help: "The form: text for people, json for programs (JSON Lines).")
    var format = ListFormat.text

    @Flag(name: .shortAndLong, help: "Say nothing but the list, warnings and errors.")
    var quiet = false

    @OptionGroup(title: "Connection") var connection: ConnectionOptions

    func perform() throws -> Console.ExitCode {
        let location = try S3Location(prefix)
        let configuration = try connection.configuration(
            environment: ProcessSafety.environment)
        let client = try connection.client(
            configuration, cancellation: nil, diagnostics: diagnostics)
        var lister = VersionLister(
            client: client, bucket: location.bucket, prefix: location.key)

        let output = ByteWriter.standardOutput()
        var key = ListedKey()
        var totals = ListTotals()
        var table: (any ListSink)?
        while let page = try lister.nextPage() {
            let sink = table ?? format.sink(output, now: page.date ?? SystemClock.now(), versions)
            table = sink
            for entry in page.entries {
                if !page.key(of: entry).elementsEqual(key.key) {
                    try finish(&key, to: sink, &totals)
                    key = ListedKey(key: Array(page.key(of: entry)))
                }
                if versions || entry.isLatest { key.add(entry, of: page) }
            }
        }
        if let table {
            try finish(&key, to: table, &totals)
            try table.end(totals)
        }
        try output.finish()
        report(totals, below: location)
        return .done
    }

    private func finish(
        _ key: inout ListedKey, to sink: any ListSink, _ totals: inout ListTotals
    ) throws {
        guard !key.key.isEmpty else { return }
        key.sort()
        let current = key.versions.filter(\.isLatest)
        if current.count != 1 {
            diagnostics.warning(
                "the server calls \(current.count) versions of a key current: "
                    + PrintableText.escape(key.key))
        }
        if !versions, current.allSatisfy(\.isMarker) {
            totals.hidden += 1
            return
        }
        totals.keys += 1
        for version in key.versions where versions || !version.isMarker {
            totals.add(version)
            try sink.add(version, of: key.key)
        }
    }

    private func report(_ totals: ListTotals, below location: S3Location) {
        var said = diagnostics
        said.isQuiet = quiet
        if totals.hidden > 0 {
            said.note(
                "\(Quantity.count(totals.hidden, "key")) hidden by a delete marker; "
                    + "--versions shows what is below it")
        } else if totals.keys == 0 {
            said.note("there is no key that begins with \(location.printable)")
        }
    }
}

/// The forms in which a list is printed.
enum ListFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json

    /// What prints in this form.
    func sink(_ output: ByteWriter, now: Timestamp, _ showsVersions: Bool) -> any ListSink {
        switch self {
        case .text: ListTable(output: output, now: now, showsVersions: showsVersions)
        case .json: ListLines(output: output, now: now)
        }
    }
}

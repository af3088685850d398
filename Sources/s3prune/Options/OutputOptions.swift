import ArgumentParser
import Console
import PolicyFile
import Pruning

/// The forms in which a plan is printed.
enum ReportFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json, csv, html
}

/// Where the report goes and how much is said.
struct OutputOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The form of the report.",
            discussion: """
                text is for people, html for a mail or an archive (one file, no scripts), json for \
                programs (JSON Lines), csv for spreadsheets (RFC 4180; no cell is executed: one \
                that would begin with =, +, - or @ begins with an apostrophe, and what a terminal \
                obeys is written as \\xHH).
                """))
    var format = ReportFormat.text

    @Option(
        help: ArgumentHelp(
            "Write the report to this file instead of standard output.", valueName: "file"))
    var output: String?

    @OptionGroup var quietness: QuietOption

    @Flag(name: .shortAndLong, help: "Give every version that expires a line of its own.")
    var verbose = false

    /// Whether nothing is said but errors and the report.
    var quiet: Bool { quietness.quiet }

    /// Lets `--quiet` silence what is said beside errors; before anything else.
    func begin() { quietness.begin() }

    /// The writer that the report goes to.
    func writer() throws -> ByteWriter {
        guard let output, output != "-" else { return .standardOutput() }
        return try ByteWriter.file(output)
    }

    /// The sink that prints the plan.
    func sink(
        _ writer: ByteWriter, isApplied: Bool = false, nextSteps: [NextStep] = []
    ) -> any PlanSink {
        switch format {
        case .text:
            TextReport(
                output: writer, detail: verbose ? .full : .brief, isApplied: isApplied,
                nextSteps: nextSteps)
        case .json: JSONReport(output: writer)
        case .csv: CSVReport(output: writer)
        case .html:
            HTMLReport(output: writer, detail: verbose ? .full : .brief, isApplied: isApplied)
        }
    }

    /// The sink that says how much of a reviewed plan still holds, and its problems; the plan
    /// itself is there already.
    func reviewedReport(
        _ writer: ByteWriter, reviewed: ReviewedPlan, spool: DeletionSpool
    ) -> any PlanSink {
        switch format {
        case .text: ReviewedReport(output: writer, reviewed: reviewed, spool: spool)
        case .json: ProblemLines(output: writer)
        default: ReviewedReport(output: .standardError(), reviewed: reviewed, spool: spool)
        }
    }

    /// The writer for what follows a finished report.
    func writerAfterReport() throws -> ByteWriter {
        guard let output, output != "-" else { return .standardOutput() }
        return try ByteWriter.appending(to: output)
    }

    /// The report of deletions: after the plan where the form has room for it, else as text on
    /// standard error.
    func deletionReport(_ writer: ByteWriter, of policy: LoadedPolicy) -> any DeletionReport {
        let place = policy.place
        return switch format {
        case .text: DeletionTextReport(output: writer, bucket: place, isVerbose: verbose)
        case .json:
            DeletionJSONReport(
                output: writer, bucket: policy.policy.bucket, prefix: policy.policy.prefix)
        default: DeletionTextReport(output: .standardError(), bucket: place, isVerbose: verbose)
        }
    }
}

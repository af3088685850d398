import ArgumentParser
import Console
import Pruning

/// The forms in which a plan is printed.
enum ReportFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json
}

/// Where the report goes and how much is said.
struct OutputOptions: ParsableArguments {
    @Option(help: "The form of the report: text for people, json for programs (JSON Lines).")
    var format = ReportFormat.text

    @Option(
        help: ArgumentHelp(
            "Write the report to this file instead of standard output.", valueName: "file"))
    var output: String?

    @Flag(name: .shortAndLong, help: "Say nothing but errors and the report.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Give every version that expires a line of its own.")
    var verbose = false

    /// The writer that the report goes to.
    func writer() throws -> ByteWriter {
        guard let output, output != "-" else { return .standardOutput() }
        return try ByteWriter.file(output)
    }

    /// The sink that prints the plan.
    func sink(_ writer: ByteWriter, nextCommand: String?) -> any PlanSink {
        switch format {
        case .text:
            TextReport(
                output: writer, detail: verbose ? .full : .brief, nextCommand: nextCommand)
        case .json: JSONReport(output: writer)
        }
    }
}

public import ArgumentParser
public import Console
internal import Glibc

/// A command that ends with one of the exit codes of the program.
public protocol ExitingCommand: ParsableCommand {
    /// Does the work; what it throws is worded and ends the program.
    func perform() throws -> Console.ExitCode
}

/// One run of a program: parses the command line, runs one command, says how it ended.
public struct Invocation {
    private let root: any ParsableCommand.Type
    private let diagnostics: Diagnostics

    /// A program whose commands stand below `root`.
    public init(of root: any ParsableCommand.Type, diagnostics: Diagnostics) {
        self.root = root
        self.diagnostics = diagnostics
    }

    /// Runs the command line of this process and ends it.
    public func runAndExit() -> Never {
        ProcessSafety.prepare()
        signal(SIGPIPE, SIG_IGN)
        exit(run(Array(CommandLine.arguments.dropFirst())).rawValue)
    }

    private func run(_ arguments: [String]) -> Console.ExitCode {
        do {
            var command = try root.parseAsRoot(arguments)
            if let command = command as? any ExitingCommand { return try command.perform() }
            try command.run()
            return .done
        } catch {
            return report(error)
        }
    }

    /// Prints what ended the program; help and versions go to standard output.
    private func report(_ error: any Error) -> Console.ExitCode {
        if root.exitCode(for: error) == .success, !(error is any FailureConvertible) {
            do throws(WriteError) {
                try ByteWriter.print(root.fullMessage(for: error) + "\n")
                return .done
            } catch {
                diagnostics.error(error.failure.message)
                return error.failure.code
            }
        }
        let failure = Failure(error, of: root)
        diagnostics.error(failure.message, hint: failure.hint)
        return failure.code
    }
}

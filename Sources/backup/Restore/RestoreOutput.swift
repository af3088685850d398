import BackupPipeline
import Console
import S3

/// Where a backup is restored to: a file of its own, or standard output.
final class RestoreOutput {
    private let file: OutputFile?
    private let stream: StandardOutput
    /// The name of the file; nil for standard output.
    let name: String?
    private let command: RestoreCommand

    /// Begins a file at the path that was given, or at one named after the key.
    ///
    /// `stop` ends the wait for whoever reads standard output.
    init(_ command: RestoreCommand, key: [UInt8], unpacks: Bool, stop: Cancellation) throws {
        self.command = command
        stream = StandardOutput(stop: stop)
        if command.writesToStandardOutput {
            file = nil
            name = nil
            return
        }
        guard
            let path = command.output
                ?? OutputName.of(key: key, isRaw: command.raw, isUnpacked: unpacks)
        else {
            throw Failure(
                .usage, "the key gives no name for a file", hint: "give one with --output FILE")
        }
        name = path
        file = try OutputFile(path, replaces: command.force)
    }

    /// The most bytes that are taken where the operator has not said.
    ///
    /// For a file what the file system has free, less 10%: whoever made the object can have made
    /// it to fill the disk. For standard output what its size lets expect.
    func defaultLimit(for version: PinnedVersion) -> Int64 {
        file.map { ($0.freeSpace ?? .max) / 10 * 9 } ?? version.likelyLimit
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        if let file { try file.write(bytes) } else { try stream.write(bytes) }
    }

    func finish() throws {
        if let file { try file.finish() } else { try stream.finish() }
    }

    /// Prints the result: on standard output, unless the backup went there.
    func report(_ result: RestoreResult) throws {
        let line = result.line(command.format)
        if name == nil, command.format == .text {
            if !command.quiet { diagnostics.raw(line) }
        } else {
            let output = name == nil ? ByteWriter.standardError() : .standardOutput()
            try output.write(line)
            try output.finish()
        }
        if !command.quiet, let doubt = result.doubtOfOrigin { diagnostics.note(doubt) }
    }
}

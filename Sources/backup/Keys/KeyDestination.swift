import ArgumentParser
import Console
import Glibc
import OpenPGP

/// From which keyring a public key comes, and where it is written.
struct KeyDestination: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Write the public key to this new file (default: standard output).",
            valueName: "file"))
    var output: String?

    @Option(
        name: .customLong("gnupg-home"),
        help: ArgumentHelp(
            "The directory of the keyring (default: your own).", valueName: "directory"))
    var gnupgHome: String?

    @Flag(name: .shortAndLong, help: "Say nothing but warnings and errors.")
    var quiet = false

    /// The keyring with the pair.
    var keyring: Keyring { gnupgHome.map { .directory($0) } ?? .own }

    /// Opens what the key goes to, before there is a key. Throws where there is a file of this name
    /// already: a key is not replaced by mistake.
    func open() throws -> ByteWriter {
        guard let output, output != "-" else { return .standardOutput() }
        var status = stat()
        guard lstat(output, &status) != 0 else {
            throw Failure(
                .refused, "\(PrintableText.escape(output)) exists",
                hint: "give another name, or move the file away")
        }
        return try ByteWriter.file(output)
    }

    /// Writes the armored key, which anybody may read.
    func write(_ key: [UInt8], to file: ByteWriter) throws {
        try file.write(key)
        try file.finish()
        if let output, output != "-" { chmod(output, 0o644) }
    }
}

extension Fingerprint {
    /// Reads the fingerprint of a command line; throws what to print.
    init(argument text: String) throws {
        guard let fingerprint = Fingerprint(text) else {
            throw Failure(
                .usage, "not a full fingerprint: \(PrintableText.escape(text))",
                hint: "40 hexadecimal digits, as 'backup key inspect FILE' shows them; names and "
                    + "short ids are not safe")
        }
        self = fingerprint
    }
}

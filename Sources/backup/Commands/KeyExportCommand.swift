import ArgumentParser
import Console
import Invocation
import OpenPGP

/// `backup key export`: the public key again.
struct KeyExportCommand: ExitingCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Print the public key of a pair, for servers.",
        discussion: """
            From the keyring of gpg (--gnupg-home, $GNUPGHOME, or ~/.gnupg). Never a secret key: that is \
            'gpg --armor --export-secret-keys FINGERPRINT'.
            """)

    @Argument(
        help: ArgumentHelp("The full fingerprint of the key.", valueName: "fingerprint"))
    var fingerprint: String

    @OptionGroup var destination: KeyDestination

    func perform() throws -> Console.ExitCode {
        let fingerprint = try Fingerprint(argument: fingerprint)
        let file = try destination.open()
        let key: [UInt8]
        do {
            key = try exportPublicKey(fingerprint, from: destination.keyring)
        } catch let error as OpenPGPError where error.code == .wrongFingerprint(found: []) {
            throw Failure(
                .failed, "there is no key \(fingerprint) in the keyring of gpg",
                hint: "gpg --list-keys shows what is there; --gnupg-home names another keyring")
        }
        try destination.write(key, to: file)
        return .done
    }
}

import ArgumentParser

/// `backup key`: the pair that backups are encrypted with.
struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Make, look at and export the keys that backups are encrypted to.",
        discussion: """
            The pair is made on the administrator's machine, in the keyring of gpg ($GNUPGHOME, \
            or ~/.gnupg), and the secret key stays there. Servers get a file with the public key.
            """,
        subcommands: [KeyGenerateCommand.self, KeyInspectCommand.self, KeyExportCommand.self])
}

import FaultServer
import Foundation
import Testing

@testable import OpenPGP

@Suite struct PassphraseTests {
    let keys = try! Keys.shared.get()

    /// A home with the locked key alone, whose agent knows nothing.
    func lockedHome(pinentry: String) throws -> Home {
        let home = try keys.copy(of: "locked", passphrase: keys.passphrase)
        let program = try home.scratch.program("pinentry", pinentry)
        _ = try home.scratch.file(
            "gpg-agent.conf", Array("pinentry-program \(program)\n".utf8))
        try run(["gpgconf", "--homedir", home.path, "--kill", "all"])
        return home
    }

    /// A pinentry that answers every question for a passphrase with these lines.
    static func pinentry(_ answer: String) -> String {
        """
        #!/bin/sh
        echo 'OK ready'
        while read -r command rest; do
            case "$command" in
            GETPIN) printf '%s\\n' \(answer) ;;
            BYE) echo OK; exit 0 ;;
            *) echo OK ;;
            esac
        done

        """
    }

    /// Pushes 32 MiB and returns the error and how much was taken before it.
    func attempt(_ home: Home, _ passphrase: Passphrase?) throws -> (OpenPGPError.Code?, Int64) {
        let message = try encrypted(
            noise(bytes: 32 << 20, seed: 6), to: keys.recipients("locked"))
        var taken: Int64 = 0
        let refused = code {
            let stage = try Decryptor(keyring: home.keyring, passphrase: passphrase) { _ in }
            try push(message, longest: 65536) {
                try stage.write($0)
                taken += Int64($0.count)
            }
            _ = try stage.finish()
        }
        return (refused, taken)
    }

    @Test("the passphrase comes from a file")
    func file() throws {
        let home = try lockedHome(pinentry: "#!/bin/sh\nexit 1\n")
        let passphrase = try Passphrase(file: keys.passphraseFile())
        let data = noise(bytes: 100_000, seed: 6)
        let message = try encrypted(data, to: keys.recipients("locked"))
        #expect(try decrypted(message, in: home, passphrase: passphrase) == data)
    }

    @Test("no process has the passphrase in its arguments or its environment")
    func hidden() throws {
        let home = try lockedHome(pinentry: "#!/bin/sh\nexit 1\n")
        let message = try encrypted(
            noise(bytes: 4 << 20, seed: 6), to: keys.recipients("locked"))
        let stage = try Decryptor(
            keyring: home.keyring, passphrase: Passphrase(file: keys.passphraseFile())
        ) { _ in }
        try push(Array(message.dropLast(1 << 20))) { try stage.write($0) }
        let started = processes(naming: home.path)
        #expect(started.count >= 2)
        for process in started {
            for file in ["cmdline", "environ"] {
                let bytes = FileManager.default.contents(atPath: "/proc/\(process)/\(file)")
                #expect(bytes?.range(of: Data(keys.passphrase.utf8)) == nil)
            }
        }
        try push(Array(message.suffix(1 << 20))) { try stage.write($0) }
        #expect(try stage.finish().bytesOut == 4 << 20)
    }

    @Test("a wrong passphrase fails at once")
    func wrong() throws {
        let home = try lockedHome(pinentry: "#!/bin/sh\nexit 1\n")
        let file = try home.scratch.file("wrong", Array("incorrect horse\n".utf8))
        let (refused, taken) = try attempt(home, Passphrase(file: file))
        #expect(refused == .badPassphrase)
        #expect(taken < 4 << 20)
    }

    @Test("no pinentry, a cancelled one and one with a wrong passphrase fail at once")
    func pinentries() throws {
        let table: [(String, OpenPGPError.Code)] = [
            ("#!/bin/sh\nexit 1\n", .noPassphrase),
            (Self.pinentry("'ERR 83886179 Operation cancelled <Pinentry>'"), .noPassphrase),
            // What pinentry-curses says without a terminal, and after a while without an answer.
            (
                Self.pinentry("'ERR 83918950 Inappropriate ioctl for device <Pinentry>'"),
                .noPassphrase
            ),
            (Self.pinentry("'ERR 83886142 Timeout <Pinentry>'"), .noPassphrase),
            (Self.pinentry("'D incorrect' OK"), .badPassphrase),
        ]
        let short = try encrypted([1, 2, 3], to: keys.recipients("locked"))
        for (pinentry, expected) in table {
            let home = try lockedHome(pinentry: pinentry)
            let (refused, taken) = try attempt(home, nil)
            #expect(refused == expected, "\(pinentry)")
            #expect(taken < 4 << 20)
            // gpg has read it to its end before it says that it has no key for it.
            #expect(code { _ = try decrypted(short, in: home) } == expected, "\(pinentry)")
        }
    }

    @Test("a pinentry that knows it opens the message")
    func agent() throws {
        let home = try lockedHome(
            pinentry: Self.pinentry("'D \(keys.passphrase)' OK"))
        let message = try encrypted([1, 2, 3], to: keys.recipients("locked"))
        #expect(try decrypted(message, in: home) == [1, 2, 3])
    }
}

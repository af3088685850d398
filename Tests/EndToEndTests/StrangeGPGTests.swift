import FaultServer
import Foundation
import Testing

extension EndToEnd {
    /// What stands before the real programs of GnuPG in PATH, or in place of them.
    @Suite("a gpg that is not the one it should be")
    struct StrangeGPGTests {
        struct Strange: Sendable, CustomTestStringConvertible {
            var testDescription: String
            /// What `gpgconf --list-components` says where gpg is; nil for no gpgconf at all.
            var place: String? = "GPG"
            /// The script in place of gpg.
            var gpg = "exec /usr/bin/gpg \"$@\""
            /// What the program says.
            var words: String
        }

        static let strange = [
            Strange(testDescription: "too old", gpg: version("2.1.18"), words: "2.1.18"),
            Strange(testDescription: "much too old", gpg: version("1.4.23"), words: "1.4.23"),
            Strange(testDescription: "absent", place: "/nowhere/gpg", words: "gpg"),
            Strange(testDescription: "nothing that runs", gpg: "exit 127", words: "gpg"),
            Strange(
                testDescription: "one that does not know a version", gpg: "echo hello",
                words: "gpg"),
            Strange(testDescription: "one that says nothing", gpg: answer("exit 0"), words: "gpg"),
            Strange(
                testDescription: "one that fails after some bytes",
                gpg: answer("head -c 100000 /dev/zero; exit 2"), words: "not an OpenPGP message"),
            Strange(
                testDescription: "one that copies its input, not encrypted",
                gpg: answer("cat"), words: "cannot encrypt"),
        ]

        /// A gpg that says that it is of this version.
        private static func version(_ number: String) -> String {
            "[ \"$1\" != --version ] || { echo 'gpg (GnuPG) \(number)'; exit 0; }\n"
                + "exec /usr/bin/gpg \"$@\""
        }

        /// A gpg that does something else than to encrypt.
        private static func answer(_ script: String) -> String {
            "case \" $* \" in *' --encrypt '*) \(script); exit ;; esac\nexec /usr/bin/gpg \"$@\""
        }

        private func install(_ strange: Strange, in program: inout Program) throws {
            let folder = program.home.path("bin")
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: false)
            let place = strange.place?.replacing("GPG", with: "\(folder)/gpg") ?? ""
            let scripts = [
                "gpg": strange.gpg,
                "gpgconf": "set -o pipefail\n"
                    + "/usr/bin/gpgconf \"$@\" | sed 's,:/usr/bin/gpg$,:\(place),'",
            ]
            for (name, text) in scripts {
                let path = try program.home.write("bin/\(name)", "#!/bin/bash\n\(text)\n")
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o700], ofItemAtPath: path)
            }
            program.environment["PATH"] = "\(folder):/usr/bin:/bin"
        }

        @Test("stores nothing and says so", arguments: strange)
        func upload(strange: Strange) async throws {
            let rig = try await UploadRig()
            try install(strange, in: &rig.program)
            let outcome = try await rig.upload("seq 1 200000")
            #expect(outcome.status == 1, "\(outcome.errorText)")
            #expect(outcome.errorText.contains(strange.words), "\(outcome.errorText)")
            #expect(rig.holdsNothing)
        }

        @Test("restores nothing and says so", arguments: strange.prefix(5))
        func restore(strange: Strange) async throws {
            let pair = try await KeyPair.shared.value
            let server = try OneObjectServer([
                .init(content: try await RestoreTests.message(pair))
            ])
            var program = try server.program(pair)
            try install(strange, in: &program)
            let place = try RestoreTests.Place()
            let outcome = try await program.backup([
                "restore", OneObjectServer.url, "-o", place.file,
            ])
            #expect(outcome.status == 1, "\(outcome.errorText)")
            #expect(outcome.errorText.contains(strange.words), "\(outcome.errorText)")
            #expect(try place.names.isEmpty)
        }

        @Test(
            "that encrypts to another key, or to one more, stores nothing",
            arguments: [
                // In place of the recipient, beside it, and beside it without a name.
                "--recipient-file $OTHER", "--encrypt-to $CURVE --recipient-file $OTHER",
                "-r $CURVE --hidden-recipient-file $OTHER",
            ])
        func otherRecipient(options: String) async throws {
            let rig = try await UploadRig()
            let gpg = """
                words=()
                while [ $# -gt 0 ]; do
                    case $1 in
                        -r|--recipient) CURVE=$2; shift ;;
                        --encrypt) words+=("$1"); asked=1 ;;
                        *) words+=("$1") ;;
                    esac
                    shift
                done
                [ -n "${asked:-}" ] || exec /usr/bin/gpg "${words[@]}"
                echo asked >>"$ASKED"
                exec /usr/bin/gpg \(options) "${words[@]}"
                """
            try install(
                Strange(testDescription: options, gpg: gpg, words: ""), in: &rig.program)
            rig.program.environment["OTHER"] = rig.keys.file("rsa.asc")
            rig.program.environment["ASKED"] = rig.program.home.path("asked")
            let outcome = try await rig.upload("seq 1 200000")
            #expect(FileManager.default.fileExists(atPath: rig.program.home.path("asked")))
            #expect(outcome.status == 1, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("other keys"), "\(outcome.errorText)")
            #expect(rig.holdsNothing)
        }
    }
}

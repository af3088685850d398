import FaultServer
import Foundation
import Testing

extension EndToEnd {
    @Suite("backup upload, on a terminal")
    struct UploadTerminalTests {
        private let backup = "\(Places.products)/backup"
        /// Asks as `pg_dump -W` does, without echo.
        private let ask = """
            stty -echo </dev/tty; printf "password: " >/dev/tty; read word </dev/tty
            stty echo </dev/tty
            """

        @Test("a command that asks for a password at the terminal gets its answer")
        func asks() async throws {
            let rig = try await UploadRig()
            let outcome = try await rig.program.onTerminal(
                [backup] + rig.words("\(ask); echo \"it was $word\""),
                typing: [("password: ", "open sesame\n")])
            #expect(outcome.status == 0, "\(outcome.text)")
            #expect(!outcome.text.contains("sesame"))
            let read = try await rig.keys.read(try #require(rig.store.objects.first).body)
            #expect(read.text == "it was open sesame\n")
        }

        @Test("one that asks twice, with output in between, gets both")
        func asksTwice() async throws {
            let rig = try await UploadRig()
            let outcome = try await rig.program.onTerminal(
                [backup] + rig.words("\(ask); echo $word; \(ask); echo $word"),
                typing: [("password: ", "one\n"), ("password: ", "two\n")])
            #expect(outcome.status == 0, "\(outcome.text)")
            let read = try await rig.keys.read(try #require(rig.store.objects.first).body)
            #expect(read.text == "one\ntwo\n")
        }

        @Test("an interrupt from the keyboard ends it, whether it asks, has asked or never will")
        func interrupted() async throws {
            for (producer, steps) in [
                ("\(ask); sleep 448", [("password: ", "\u{3}")]),
                (
                    "\(ask); \(noise); echo dumping >/dev/tty; sleep 448",
                    [("password: ", "x\n"), ("dumping", "\u{3}")]
                ),
                ("\(noise); echo dumping >/dev/tty; sleep 448", [("dumping", "\u{3}")]),
            ] {
                let rig = try await UploadRig()
                let outcome = try await rig.program.onTerminal(
                    [backup] + rig.words(producer, ["--compression", "none"]),
                    typing: steps.map { (seen: $0.0, typed: $0.1) })
                #expect(outcome.status == 130, "\(producer): \(outcome.text)")
                #expect(outcome.text.contains("interrupted"), "\(outcome.text)")
                #expect(rig.holdsNothing)
                #expect(eventually { running("sleep 448").isEmpty })
            }
        }

        @Test("one that asks where the terminal is another's is ended, with the cure")
        func refused() async throws {
            let rig = try await UploadRig()
            let outcome = try await rig.program.onTerminal(
                [backup] + rig.words("read word </dev/tty; echo $word"), background: true)
            #expect(outcome.status == 1, "\(outcome.text)")
            #expect(outcome.text.contains("wants to ask at a terminal"), "\(outcome.text)")
            #expect(outcome.text.contains("hint: "))
            #expect(rig.holdsNothing)
        }

        @Test("a command that fails while it asks leaves the terminal as it was")
        func echo() async throws {
            let rig = try await UploadRig()
            let producer =
                "stty -echo </dev/tty; printf asking >/dev/tty; read word </dev/tty; kill -9 $$"
            let inner = rig.words(producer).map { "'\($0)'" }.joined(separator: " ")
            let outcome = try await rig.program.onTerminal(
                ["/bin/sh", "-c", "'\(backup)' \(inner); stty -a"], typing: [("asking", "x\n")])
            #expect(outcome.text.contains("ended by signal 9"), "\(outcome.text)")
            #expect(outcome.text.contains(" echo "), "\(outcome.text)")
        }

        @Test("progress with its rate shows on a terminal, and nowhere else")
        func progress() async throws {
            let rig = try await UploadRig()
            let producer = "\(noise); sleep 0.3; \(noise)"
            let words = rig.words(producer, ["--compression", "none"])
            let shown = try await rig.program.onTerminal([backup] + words)
            #expect(shown.status == 0, "\(shown.text)")
            let line = /\rread [0-9.]+ [KM]iB, [0-9.]+ ?[KM]?i?B\/s/
            #expect(shown.text.contains(line))
            let quiet = try await rig.program.onTerminal(
                [backup] + rig.words(producer, ["--compression", "none", "--quiet"]))
            #expect(quiet.status == 0, "\(quiet.text)")
            #expect(!quiet.text.contains(line))
            let piped = try await rig.program.backup(words)
            #expect(piped.errors.isEmpty, "\(piped.errorText)")
        }
    }
}

import FaultServer
import Foundation
import Testing

extension EndToEnd {
    @Suite("backup upload, its input")
    struct UploadProducerTests {
        @Test(
            "a producer that fails leaves nothing, however much it wrote",
            arguments: [
                ("exit 1", "exited with status 1"), ("exit 73", "exited with status 73"),
                ("kill -9 $$", "ended by signal 9"),
                ("exec >&-; sleep 0.2; exit 2", "exited with status 2"),
            ])
        func fails(end: String, words: String) async throws {
            let scratch = try Scratch()
            let rig = try await UploadRig { operation, _, _ in
                if operation == .part { _ = try? scratch.write("part", "") }
                return nil
            }
            let wait = "while [ ! -e \(scratch.path("part")) ]; do sleep 0.05; done"
            let outcome = try await rig.upload(
                "\(noise); \(wait); \(end)", ["--compression", "none"])
            #expect(outcome.status == 1)
            #expect(outcome.output.isEmpty)
            #expect(outcome.errorText.contains(words), "\(outcome.errorText)")
            #expect(outcome.errorText.contains("nothing was stored"))
            #expect(rig.store.count(.part) > 0)
            #expect(rig.holdsNothing)
        }

        @Test("what it says on standard error is passed on, and no failure")
        func standardError() async throws {
            let rig = try await UploadRig()
            let outcome = try await rig.upload("echo dump; echo a word from the dump >&2")
            #expect(outcome.status == 0)
            #expect(outcome.errorText.contains("a word from the dump"))
            #expect(rig.store.objects.count == 1)
        }

        @Test(
            "a command that cannot be started is a mistake of the command line, before any request",
            arguments: ["/nonexistent/pg_dump", "no-such-program-anywhere", "/etc/passwd"])
        func notStarted(command: String) async throws {
            let rig = try await UploadRig()
            let outcome = try await rig.program.backup(rig.words(nil) + ["--", command])
            #expect(outcome.status == 64, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("cannot be started"))
            #expect(rig.server.requests.isEmpty)
        }

        @Test("an empty input is refused, unless it is wanted")
        func empty() async throws {
            let rig = try await UploadRig()
            let refused = try await rig.program.backup(rig.words(nil))
            #expect(refused.status == 3, "\(refused.errorText)")
            #expect(refused.errorText.contains("the input is empty"))
            #expect(rig.server.requests.isEmpty)
            let small = try await rig.upload("echo short", ["--min-size", "1KiB"])
            #expect(small.status == 3, "\(small.errorText)")
            #expect(rig.server.requests.isEmpty)
            let taken = try await rig.program.backup(rig.words(nil, ["--min-size", "0"]))
            #expect(taken.status == 0, "\(taken.errorText)")
            #expect(rig.store.objects.count == 1)
        }

        @Test("a terminal is no input")
        func terminal() async throws {
            let rig = try await UploadRig()
            let wrapper =
                "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
            let outcome = try await rig.program.run(
                "/usr/bin/python3",
                ["-c", wrapper, "\(Places.products)/backup"] + rig.words(nil))
            #expect(outcome.status == 64, "\(outcome.text)")
            #expect(outcome.text.contains("standard input is a terminal"))
            #expect(rig.server.requests.isEmpty)
        }

        @Test("a pipe is read to its end")
        func pipe() async throws {
            let rig = try await UploadRig()
            let outcome = try await rig.script("(echo one; sleep 0.3; echo two) | upload")
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let read = try await rig.keys.read(try #require(rig.store.objects.first).body)
            #expect(read.text == "one\ntwo\n")
        }

        @Test(
            "an input that cannot be read is no end of it",
            arguments: ["upload <&-", "upload </", "upload 0>/dev/null"])
        func unreadable(script: String) async throws {
            let rig = try await UploadRig()
            let outcome = try await rig.script(script)
            #expect(outcome.status == 1, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("standard input: read"), "\(outcome.errorText)")
            #expect(rig.server.requests.isEmpty)
        }

        @Test("silence for too long is given up, and 0 is for ever")
        func stall() async throws {
            let rig = try await UploadRig()
            let outcome = try await rig.upload(
                "\(noise); sleep 441", ["--stall-timeout", "1", "--compression", "none"])
            #expect(outcome.status == 1)
            #expect(outcome.errorText.contains("nothing came for 1 s"), "\(outcome.errorText)")
            #expect(rig.holdsNothing)
            #expect(eventually { running("sleep 441").isEmpty })
            let patient = try await rig.upload(
                "sleep 0.3; echo late", ["--stall-timeout", "0"])
            #expect(patient.status == 0, "\(patient.errorText)")
        }

        @Test("the command has three descriptors and none of the secrets")
        func surroundings() async throws {
            let rig = try await UploadRig()
            // Python starts it with three descriptors; the tests hold more.
            let starter =
                "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)"
            let outcome = try await rig.program.run(
                "/usr/bin/python3",
                ["-c", starter, "\(Places.products)/backup"]
                    + rig.words("env; for f in /proc/self/fd/*; do echo fd ${f##*/}; done"))
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let read = try await rig.keys.read(try #require(rig.store.objects.first).body)
            #expect(read.text.contains("AWS_ACCESS_KEY_ID=AKIDEXAMPLE"))
            #expect(!read.text.contains(UploadRig.secret))
            #expect(!read.text.contains(UploadRig.token))
            let numbers = read.lines.filter { $0.hasPrefix("fd ") }.compactMap {
                Int($0.dropFirst(3))
            }
            // The shell holds one for the directory that it lists.
            #expect(Set(numbers).isSubset(of: [0, 1, 2, 3]), "\(numbers)")
        }

        @Test(
            "what S3 cannot carry is refused before the command is started",
            arguments: [
                ["--metadata", "note=é"], ["--metadata", "a=1", "--metadata", "A=2"],
                ["--metadata", "a=1", "--metadata", "a=2"], ["--metadata", "backup-host=x"],
                ["--metadata", "novalue"], ["--metadata", "=x"], ["--tagging", "a=é"],
                ["--metadata", "long=\(String(repeating: "x", count: 2000))"],
                ["--part-size", "4MiB"], ["--part-size", "6GiB"], ["--concurrency", "0"],
                ["--compression", "gzip:10"], ["--compression", "bzip2"], ["--min-size", "-1B"],
                ["--sse-kms-key-id", "k"], ["--limit-rate", "10"], ["--sse", "none"],
                ["--passphrase-file", "x"], ["--fingerprint", "DEADBEEF"],
            ])
        func refusedEarly(options: [String]) async throws {
            let rig = try await UploadRig()
            let mark = rig.program.home.path("mark")
            let outcome = try await rig.upload("touch \(mark); echo x", options)
            #expect(outcome.status == 64, "\(outcome.errorText)")
            #expect(!FileManager.default.fileExists(atPath: mark))
            #expect(rig.server.requests.isEmpty)
        }
    }
}

import FaultServer
import Foundation
import Testing

extension EndToEnd {
    /// Each call of the system that a signal can interrupt is interrupted once.
    @Suite("system calls that are interrupted")
    struct InterruptedCallTests {
        /// The calls that must have been met, for the test to have tested something.
        private func expectMet(_ calls: [String], in program: Program) {
            let met = Set(
                SystemCallShim.faults(in: program).compactMap { $0.split(separator: " ").first })
            for call in calls { #expect(met.contains(call[...]), "\(call): \(met)") }
        }

        @Test("do not disturb a restore", arguments: [[], ["--force"]])
        func restore(options: [String]) async throws {
            let pair = try await KeyPair.shared.value
            let plain = RestoreTests.noise(1 << 20)
            let server = try OneObjectServer([
                .init(content: try await RestoreTests.message(pair, plain))
            ])
            let place = try RestoreTests.Place()
            if !options.isEmpty { try place.scratch.write("shop.sql", "old") }
            var program = try server.program(pair)
            try await SystemCallShim.shared.value.interrupt(in: &program)
            let outcome = try await program.backup(
                ["restore", OneObjectServer.url, "-o", place.file] + options)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let isSame = try place.scratch.read("shop.sql") == plain
            #expect(isSame)
            #expect(try place.names == ["shop.sql"])
            expectMet(
                ["open", "openat", "read", "write", "fsync", "poll", "renameat2"], in: program)
            let stream = try await program.backup(["restore", OneObjectServer.url, "-o", "-"])
            #expect(stream.status == 0, "\(stream.errorText)")
            let isWhole = stream.output == plain
            #expect(isWhole)
            let verified = try await program.backup(["verify", OneObjectServer.url, "--full"])
            #expect(verified.status == 0, "\(verified.errorText)")
        }

        @Test("do not disturb an upload, from a command or a pipe")
        func upload() async throws {
            let rig = try await UploadRig()
            try await SystemCallShim.shared.value.interrupt(in: &rig.program)
            let outcome = try await rig.upload("seq 1 800000", ["--compression", "none"])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            expectMet(["read", "write", "poll", "waitpid"], in: rig.program)
            let piped = try await rig.script("seq 1 800000 | upload", ["--compression", "none"])
            #expect(piped.status == 0, "\(piped.errorText)")
            #expect(rig.store.objects.count == 2)
            for object in rig.store.objects {
                let read = try await rig.keys.read(object.body, unpacker: "cat")
                let isWhole = read.text == (1...800_000).map { "\($0)\n" }.joined()
                #expect(isWhole)
            }
        }

        @Test("do not disturb the making of a key, nor a look at it")
        func keys() async throws {
            let home = try KeyCommandTests.Home()
            let plain = home.program
            try await SystemCallShim.shared.value.interrupt(in: &home.program)
            let file = home.program.home.path("a.asc")
            let made = try await home.program.backup([
                "key", "generate", "Ada <ada@example.org>", "--no-passphrase", "--output", file,
            ])
            #expect(made.status == 0, "\(made.errorText)")
            let seen = try await home.program.backup(["key", "inspect", file])
            #expect(seen.status == 0, "\(seen.errorText)")
            #expect(try await plain.backup(["key", "inspect", file]).text == seen.text)
            expectMet(["open", "read", "write", "waitpid"], in: home.program)
        }

        @Test("do not disturb a plan nor its application")
        func prune() async throws {
            var rig = try PruneRig(PruneStore(["bkt": PruneStore.nightly(keys: 3, versions: 4)]))
            let plain = rig.program
            try await SystemCallShim.shared.value.interrupt(in: &rig.program, name: "s3prune")
            let policy = try rig.policy()
            let plan = rig.program.home.path("plan")
            let reviewed = try await rig.program.s3prune(["--policy", policy, "--plan-out", plan])
            #expect(reviewed.status == 0, "\(reviewed.errorText)")
            #expect(
                try await plain.s3prune(["--policy", policy]).lines.count == reviewed.lines.count)
            let applied = try await rig.program.s3prune([
                "apply", plan, "--yes",
            ])
            #expect(applied.status == 0, "\(applied.errorText)")
            #expect(rig.store.ids() == ["i0-0", "i1-0", "i2-0"])
            expectMet(["open", "read", "write", "fsync", "poll"], in: rig.program)
        }
    }
}

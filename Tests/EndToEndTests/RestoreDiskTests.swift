import Foundation
import Properties
import Testing

extension EndToEnd {
    @Suite("backup restore, onto a disk with faults")
    struct RestoreDiskTests {
        typealias Fault = SystemCallShim.Fault
        typealias Version = OneObjectServer.Version

        /// Bytes of this much need some writes.
        private static let plain = RestoreTests.noise(1 << 20)

        /// A server, and a program that restores from it into a directory of its own.
        struct Rig {
            let server: OneObjectServer
            let place: RestoreTests.Place
            var program: Program

            init() async throws {
                let pair = try await KeyPair.shared.value
                let stored = try await RestoreTests.message(pair, plain)
                server = try OneObjectServer([Version(content: stored)])
                place = try RestoreTests.Place()
                program = try server.program(pair)
            }

            func restore(_ options: [String] = []) async throws -> Command.Outcome {
                try await program.backup(
                    ["restore", OneObjectServer.url, "-o", place.file] + options)
            }

            /// What stands under the final name.
            var content: [UInt8]? {
                FileManager.default.contents(atPath: place.file).map(Array.init)
            }
        }

        private static let temporary = ".backup-restore-"
        /// A file that was there before.
        private static let old = Array("the backup of last week".utf8)

        static let faults: [Fault] = [
            Fault(call: "openat", effect: .fails(ENOSPC), path: temporary),
            Fault(call: "openat", effect: .fails(EMFILE), path: temporary),
            Fault(call: "write", effect: .fails(ENOSPC), path: temporary),
            Fault(call: "write", effect: .fails(EIO), number: 3, path: temporary),
            Fault(call: "write", effect: .fails(EDQUOT), number: 4, path: temporary),
            Fault(call: "fsync", effect: .fails(EIO), path: temporary),
            Fault(call: "close", effect: .fails(EIO), path: temporary),
            Fault(call: "close", effect: .fails(ENOSPC), path: temporary),
            Fault(call: "renameat2", effect: .fails(EIO)),
            Fault(call: "renameat2", effect: .fails(EROFS)),
            // The first is that of the file, the second that of its directory.
            Fault(call: "fsync", effect: .fails(EIO), number: 2, path: "s3prune-test."),
        ]

        @Test(
            "a call that fails is a failure: nothing new under the name, no temporary file",
            arguments: faults, [false, true])
        func failed(fault: Fault, replaces: Bool) async throws {
            var rig = try await Rig()
            try await SystemCallShim.shared.value.plant(fault, in: &rig.program)
            if replaces {
                try rig.place.scratch.write("shop.sql", String(decoding: Self.old, as: UTF8.self))
            }
            let outcome = try await rig.restore(replaces ? ["--force"] : [])
            #expect(SystemCallShim.faults(in: rig.program).count == 1)
            #expect(outcome.status == 1, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("cannot write"), "\(outcome.errorText)")
            #expect(outcome.errorText.contains("nothing was restored"))
            #expect(outcome.output.isEmpty)
            #expect(try rig.place.names == (replaces ? ["shop.sql"] : []))
            #expect(rig.content == (replaces ? Self.old : nil))
        }

        @Test(
            "a file system that knows no exclusive renaming gets the file all the same",
            arguments: [EINVAL, ENOSYS], [false, true])
        func plainFileSystem(code: Int32, replaces: Bool) async throws {
            var rig = try await Rig()
            try await SystemCallShim.shared.value.plant(
                Fault(call: "renameat2", effect: .fails(code), count: 0), in: &rig.program)
            if replaces { try rig.place.scratch.write("shop.sql", "old") }
            let outcome = try await rig.restore(replaces ? ["--force"] : [])
            #expect(!SystemCallShim.faults(in: rig.program).isEmpty)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let isSame = rig.content == Self.plain
            #expect(isSame)
            #expect(try rig.place.names == ["shop.sql"])
        }

        @Test(
            "on a file system that is really full the old file stays as it is",
            .enabled(if: canMount))
        func full() async throws {
            let rig = try await Rig()
            let script = """
                set -e
                mount -t tmpfs -o size=256k none "$1"
                printf %s "$2" >"$1/shop.sql"
                status=0
                "$3" restore "$4" --max-size 1GiB --force -o "$1/shop.sql" || status=$?
                ls -A "$1"
                cat "$1/shop.sql"
                exit $status
                """
            let outcome = try await rig.program.run(
                "/usr/bin/unshare",
                [
                    "--mount", "/bin/bash", "-c", script, "full", rig.place.scratch.directory,
                    String(decoding: Self.old, as: UTF8.self), "\(Places.products)/backup",
                    OneObjectServer.url,
                ])
            #expect(outcome.status == 1, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("no space left on device"))
            #expect(outcome.output == Array("shop.sql\n".utf8) + Self.old)
        }

        /// Whether this user may mount something in a name space of its own.
        private static let canMount: Bool = {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
            process.arguments = ["--mount", "/bin/mount", "-t", "tmpfs", "none", "/mnt"]
            process.standardError = FileHandle.nullDevice
            guard (try? process.run()) != nil else { return false }
            process.waitUntilExit()
            return process.terminationStatus == 0
        }()

        @Test("writes of one byte at a time lose none")
        func short() async throws {
            var rig = try await Rig()
            try await SystemCallShim.shared.value.plant(
                Fault(call: "write", effect: .short, count: 2000, path: Self.temporary),
                in: &rig.program)
            let outcome = try await rig.restore()
            #expect(SystemCallShim.faults(in: rig.program).count == 2000)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let isSame = rig.content == Self.plain
            #expect(isSame)
        }

        // MARK: Killed

        /// Where a restore is killed: before that call.
        static let moments: [Fault] =
            [
                ("openat", 1, temporary), ("write", 1, temporary), ("write", 2, temporary),
                ("fsync", 1, temporary), ("close", 1, temporary), ("renameat2", 1, nil),
                ("renameat2", 2, nil), ("fsync", 2, "s3prune-test."), ("unlinkat", 1, nil),
            ].map { Fault(call: $0, effect: .kill, number: $1, path: $2) }

        @Test(
            "killed before any call it leaves the old file, or nothing, or the whole new one",
            arguments: moments, [false, true])
        func killed(moment: Fault, replaces: Bool) async throws {
            let isKilled = try await Self.isKilled(moment, replaces)
            // Some are calls of one of the two ways alone.
            #expect(isKilled || ["renameat2", "unlinkat"].contains(moment.call))
        }

        /// `RESTORE_KILLS=200` for more, at the same places each time.
        static let kills = Soak.count("RESTORE_KILLS", else: 12)

        @Test("so it does before calls drawn from a seed, of all that a restore makes")
        func killedAnywhere() async throws {
            let calls = ["recv", "send", "poll", "read", "write"]
            var numbers: [String: Int] = [:]
            for call in calls {
                var rig = try await Rig()
                try await SystemCallShim.shared.value.plant(
                    Fault(call: call, effect: .noted, count: 0), in: &rig.program)
                #expect(try await rig.restore().status == 0)
                numbers[call] = SystemCallShim.faults(in: rig.program).count
            }
            var random = SeededRandom(seed: 45)
            var (killed, tries) = (0, 0)
            while killed < Int(Self.kills) {
                tries += 1
                try #require(tries < 2 * Int(Self.kills) + 10, "\(killed) kills")
                let call = calls.randomElement(using: &random)!
                let number = Int.random(in: 1...max(1, numbers[call]!), using: &random)
                let fault = Fault(call: call, effect: .kill, number: number)
                if try await Self.isKilled(fault, random.chance(50)) { killed += 1 }
            }
        }

        /// Whether a restore is killed at this moment, and not done before it; what it leaves is
        /// looked at.
        private static func isKilled(_ moment: Fault, _ replaces: Bool) async throws -> Bool {
            var rig = try await Rig()
            try await SystemCallShim.shared.value.plant(moment, in: &rig.program)
            if replaces {
                try rig.place.scratch.write("shop.sql", String(decoding: old, as: UTF8.self))
            }
            let outcome = try await rig.restore(replaces ? ["--force"] : [])
            #expect([0, 137].contains(outcome.status), "\(moment): \(outcome.errorText)")
            let isKilled = outcome.status == 137
            #expect(isKilled == !SystemCallShim.faults(in: rig.program).isEmpty, "\(moment)")
            let isWhole = rig.content == plain
            #expect(isWhole || rig.content == (replaces ? old : nil), "\(moment)")
            #expect(isKilled || isWhole, "\(moment)")
            #expect(
                try rig.place.names.allSatisfy { $0 == "shop.sql" || $0.hasPrefix(temporary) })
            return isKilled
        }

        @Test("these moments are before, while and after the file gets its name")
        func momentsAreMet() async throws {
            for (call, number, has) in [
                ("write", 1, false), ("renameat2", 1, false), ("fsync", 2, true),
            ] {
                var rig = try await Rig()
                try await SystemCallShim.shared.value.plant(
                    Fault(
                        call: call, effect: .kill, number: number,
                        path: call == "renameat2" ? nil : "s3prune-test."),
                    in: &rig.program)
                #expect(try await rig.restore().status == 137)
                #expect((rig.content != nil) == has, "\(call) \(number)")
            }
        }
    }
}

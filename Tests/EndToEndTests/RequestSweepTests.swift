import FaultServer
import Foundation
import Properties
import Testing

extension EndToEnd {
    /// Every command with a fault at its first request, its second, … until it no longer notices.
    @Suite("a fault at the n-th request")
    struct RequestSweepTests {
        /// `SWEEP=all` plays every fault at every request; else two a command, from a fixed seed, and
        /// those that found something.
        static let isWhole = ProcessInfo.processInfo.environment["SWEEP"] == "all"

        /// What was once taken for something else than it is, and is played each time.
        static let found: [(command: String, fault: SweepFault, place: Int)] = [
            ("backup setup", .webPage, 4), ("backup setup", .garbage, 4),
            ("backup upload, small", .answerLost, 1), ("backup upload, multipart", .answerLost, 1),
        ]

        @Test(
            "no wrong exit code, nothing lost, nothing deleted unplanned, no hang",
            arguments: SweptCommand.all)
        func sweep(command: SweptCommand) async throws {
            let requests = try await clean(command)
            try #require(requests > 0)
            guard Self.isWhole else {
                for found in Self.found where found.command == command.testDescription {
                    #expect(try await isPlayed(found.fault, at: found.place, command))
                }
                var random = SeededRandom(seed: UInt64(command.testDescription.utf8.count))
                for _ in 0..<2 {
                    let fault = SweepFault.allCases.randomElement(using: &random)!
                    let place = Int.random(in: 1...requests, using: &random)
                    _ = try await isPlayed(fault, at: place, command)
                }
                return
            }
            for fault in SweepFault.allCases {
                var place = 1
                while try await isPlayed(fault, at: place, command) { place += 1 }
                #expect(place > 1, "\(fault)")
            }
        }

        /// A run without a fault ends with 0 and leaves nothing to complain of; its requests.
        private func clean(_ command: SweptCommand) async throws -> Int {
            let server = try SweepServer()
            let scene = try await command.scene(server)
            server.play(scene.right)
            let outcome = try await run(scene)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(try await scene.wrongs(outcome) == [])
            return server.count
        }

        /// Whether the command came to the request with the fault.
        private func isPlayed(
            _ fault: SweepFault, at place: Int, _ command: SweptCommand
        ) async throws -> Bool {
            let server = try SweepServer()
            let scene = try await command.scene(server)
            server.play(scene.right, fault, at: place)
            let outcome = try await run(scene)
            let name = "\(command.testDescription), \(fault.rawValue) at request \(place)"
            let wrongs = try await scene.wrongs(outcome)
            #expect(wrongs == [], "\(name): \(outcome.status)\n\(outcome.errorText)")
            let codes = server.isPlayed ? fault.codes : [0]
            #expect(
                codes.contains(outcome.status),
                "\(name): \(outcome.status), not of \(codes.sorted())\n\(outcome.errorText)")
            if Self.isWhole { print("sweep: \(name): \(outcome.status)") }
            return server.isPlayed
        }

        /// A run that takes longer than two minutes hangs: it ends with 137 then.
        private func run(_ scene: SweptCommand.Scene) async throws -> Command.Outcome {
            try await Command(
                program: "/usr/bin/timeout",
                arguments: ["-s", "KILL", "120", "\(Places.products)/\(scene.program)"]
                    + scene.words,
                environment: scene.environment
            ).run()
        }
    }
}

extension SweepFault {
    /// The exit codes that a command may have after it.
    fileprivate var codes: Set<Int32> {
        switch self {
        // `iam --check` asks once only, and says what is unclear.
        case .errorOnce: [0, 6]
        // 0 where all was confirmed, and only the last look at it fails (`wrongs` looks, too).
        case .errorForEver: [0, 4, 5, 6, 75]
        case .denied: [0, 4, 6, 77]
        case .noAnswer: [0, 75]
        case .answerLost: [0, 5, 75]
        // 77 where what was cut is a refusal.
        case .cutAnswer: [0, 5, 75, 77]
        case .webPage, .garbage: [0, 1, 4, 5, 6, 75, 77]
        case .elsewhere: [0, 1, 4]
        }
    }
}

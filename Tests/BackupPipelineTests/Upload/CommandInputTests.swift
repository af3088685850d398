import FaultServer
import Foundation
import S3
import Testing

@testable import BackupPipeline

@Suite("the output of a command")
struct CommandInputTests {
    /// Reads a shell's command to its end, as an upload does; abandons it where that fails.
    private func read(
        _ script: String, halt: Cancellation = Cancellation(), stallSeconds: Int? = nil,
        graceSeconds: Int = 10
    ) throws -> [UInt8] {
        let input = try CommandInput(
            ["/bin/sh", "-c", script], halt: halt, stallSeconds: stallSeconds,
            graceSeconds: graceSeconds)
        do {
            let bytes = try all(of: input)
            try input.confirmEnd()
            return bytes
        } catch {
            input.abandon()
            throw error
        }
    }

    private func failure(_ body: () throws -> Void) -> InputError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? InputError)?.code
        }
    }

    @Test("is what it wrote, where it exits with status 0")
    func whole() throws {
        #expect(try read("printf abc; printf def") == Array("abcdef".utf8))
        #expect(try read("true") == [])
    }

    @Test("larger than any pipe, it comes whole")
    func large() throws {
        #expect(try read("head -c 5000000 /dev/zero").count == 5_000_000)
    }

    @Test("is not whole where it exits with another", arguments: [1, 2, 73, 127, 255])
    func status(code: Int32) throws {
        #expect(failure { _ = try read("printf all; exit \(code)") } == .exited(code))
    }

    @Test("is not whole where a signal ends it", arguments: [SIGKILL, SIGTERM, SIGSEGV, SIGPIPE])
    func killed(signal: Int32) throws {
        #expect(
            failure { _ = try read("printf all; kill -\(signal) $$; sleep 9") }
                == .killed(signal: signal))
    }

    @Test("that ends early does not end the wait for the command")
    func closesEarly() throws {
        let code = failure { _ = try read("printf all; exec >&-; sleep 0.3; exit 7") }
        #expect(code == .exited(7))
    }

    @Test("may be kept open for a while by what the command started")
    func keptOpenShortly() throws {
        #expect(try read("(sleep 0.3; printf late) & printf early") == Array("earlylate".utf8))
    }

    @Test("is given up where what the command started keeps it open, and that is ended")
    func keptOpen() throws {
        let begin = Date()
        let code = failure {
            _ = try read("sleep 417 & printf early", graceSeconds: 1)
        }
        #expect(code == .keptOpen)
        #expect(Date().timeIntervalSince(begin) < 60)
        #expect(eventually { running("sleep 417").isEmpty })
    }

    @Test("that is silent for too long is given up")
    func stalls() throws {
        let code = failure { _ = try read("printf a; sleep 418", stallSeconds: 1) }
        #expect(code == .stalled(seconds: 1))
        #expect(eventually { running("sleep 418").isEmpty })
    }

    @Test("a command that goes on without output for too long is given up")
    func stallsAfterOutput() throws {
        let code = failure { _ = try read("exec >&-; sleep 419", stallSeconds: 1) }
        #expect(code == .stalled(seconds: 1))
        #expect(eventually { running("sleep 419").isEmpty })
    }

    @Test("a stop from outside ends the wait, and the whole group")
    func halted() throws {
        let halt = Cancellation()
        Thread.detachNewThread {
            _ = eventually { running("sleep 423").count == 2 }
            halt.cancel()
        }
        let code = failure { _ = try read("sleep 423 & sleep 423; wait", halt: halt) }
        #expect(code == .halted)
        #expect(eventually { running("sleep 423").isEmpty })
    }

    @Test("a group that does not heed SIGTERM is killed, at once where there is haste")
    func stubborn() throws {
        #expect(try secondsToAbandon(haste: nil) >= 1.9)
        // A busy machine may take long once; waiting out the patience would take long every time.
        let hasty = try (0..<30).contains { _ in
            try secondsToAbandon(haste: Cancellation()) < 1.5
        }
        #expect(hasty)
    }

    private func secondsToAbandon(haste: Cancellation?) throws -> TimeInterval {
        let input = try CommandInput(
            ["/bin/sh", "-c", "trap '' TERM; echo up; while :; do sleep 421; done"],
            halt: Cancellation(), haste: haste)
        var buffer = [UInt8](repeating: 0, count: 8)
        #expect(try buffer.withUnsafeMutableBytes { try input.read(into: $0) } == 3)
        haste?.cancel()
        let begin = Date()
        input.abandon()
        let took = Date().timeIntervalSince(begin)
        #expect(eventually { running("sleep 421").isEmpty })
        return took
    }

    @Test("a command that has ended keeps its number until it is let go of")
    func numberStays() throws {
        var input: CommandInput? = try CommandInput(
            ["/bin/sh", "-c", "echo $$"], halt: Cancellation())
        let text = String(decoding: try all(of: input!), as: UTF8.self)
        let number = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        try input?.confirmEnd()
        // Its group can be signalled, and can be nobody else's.
        #expect(kill(-number, 0) == 0)
        input?.abandon()
        input = nil
        #expect(eventually { kill(-number, 0) == -1 && errno == ESRCH })
    }

    @Test(
        "what cannot be started is said so", arguments: ["/nonexistent/dump", "/etc/passwd", "/"])
    func notStarted(path: String) throws {
        let code = failure { _ = try CommandInput([path], halt: Cancellation()) }
        #expect(code == .notStarted(errno: path == "/nonexistent/dump" ? ENOENT : EACCES))
    }

    @Test("the command has no input, its own group, and the usual SIGPIPE")
    func surroundings() throws {
        #expect(try read("cat") == [])
        let fields = try read("cut -d' ' -f1,5 /proc/self/stat; cut -d' ' -f1,5 /proc/$$/stat")
        let lines = String(decoding: fields, as: UTF8.self).split(separator: "\n")
        let own = lines[1].split(separator: " ")
        #expect(own[0] == own[1])
        let ignored = try read("grep SigIgn /proc/$$/status")
        let mask = String(decoding: ignored, as: UTF8.self).split(separator: "\t").last ?? ""
        let bits = UInt64(mask.trimmingCharacters(in: .whitespacesAndNewlines), radix: 16) ?? .max
        #expect(bits & (1 << UInt64(SIGPIPE - 1)) == 0)
    }
}

@Suite("standard input")
struct StandardInputTests {
    private func input(
        stallSeconds: Int? = nil, halt: Cancellation = Cancellation()
    ) -> (StandardInput, writer: Int32, reader: Int32) {
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0)
        let input = StandardInput(descriptor: ends[0], halt: halt, stallSeconds: stallSeconds)
        return (input, ends[1], ends[0])
    }

    @Test("ends where the pipe ends")
    func ends() throws {
        let (input, writer, reader) = input()
        defer { close(reader) }
        #expect(write(writer, "abc", 3) == 3)
        close(writer)
        #expect(try all(of: input) == Array("abc".utf8))
        try input.confirmEnd()
    }

    @Test("that cannot be read is an error, not an end")
    func unreadable() throws {
        let directory = open("/", O_RDONLY)
        defer { close(directory) }
        for (descriptor, number) in [(directory, EISDIR), (Int32(9999), EBADF)] {
            let input = StandardInput(descriptor: descriptor, halt: Cancellation())
            #expect(
                throws: InputError(
                    subject: "standard input", code: .system("read", errno: number))
            ) { try all(of: input) }
        }
    }

    @Test("that is silent for too long is given up")
    func stalls() throws {
        let (input, writer, reader) = input(stallSeconds: 1)
        defer {
            close(reader)
            close(writer)
        }
        #expect(throws: InputError(subject: "standard input", code: .stalled(seconds: 1))) {
            try all(of: input)
        }
    }

    @Test("a stop from outside ends the wait")
    func halted() throws {
        let halt = Cancellation()
        let (input, writer, reader) = input(halt: halt)
        defer {
            close(reader)
            close(writer)
        }
        Thread.detachNewThread {
            usleep(50_000)
            halt.cancel()
        }
        #expect(throws: InputError(subject: "standard input", code: .halted)) {
            try all(of: input)
        }
    }
}

/// Everything that an input gives.
func all(of input: any Input) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = try buffer.withUnsafeMutableBytes { try input.read(into: $0) }
        guard count > 0 else { return bytes }
        bytes += buffer[..<count]
    }
}

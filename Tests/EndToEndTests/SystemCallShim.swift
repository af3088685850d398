import Foundation
import Testing

/// `Tests/Shims/SystemCalls.c`, preloaded into a program to make its system calls fail.
struct SystemCallShim: Sendable {
    /// The built library.
    let library: String

    /// Built once for all tests, with the compiler that built them.
    static let shared = Task { try await SystemCallShim() }

    /// Where it lies until the tests end.
    private static let directory: String = {
        var template = Array("/tmp/s3prune-shim.XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil)
        atexit { try? FileManager.default.removeItem(atPath: SystemCallShim.directory) }
        return template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }()

    private init() async throws {
        library = "\(Self.directory)/SystemCalls.so"
        let outcome = try await Command(
            program: "cc",
            arguments: [
                "-std=c17", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o",
                library, "\(Places.repository)/Tests/Shims/SystemCalls.c",
            ],
            environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"]
        ).run()
        guard outcome.status == 0 else {
            throw TestServer.ScriptFailed(script: "cc", errors: outcome.errorText)
        }
    }

    /// What happens to some calls.
    struct Fault: Sendable, CustomTestStringConvertible {
        enum Effect: Sendable {
            /// They fail with this number.
            case fails(Int32)
            /// The process ends as by `kill -9`, before the call.
            case kill
            /// One byte is taken or given.
            case short
            /// They are written down, and happen as ever.
            case noted
        }

        /// The call: `write`, `fsync`, `renameat2`, …
        var call: String
        var effect: Effect
        /// The first matching call that is meant, from 1.
        var number = 1
        /// How many are from there on; 0 for all.
        var count = 1
        /// Only calls about a file whose path has this in it.
        var path: String?

        var testDescription: String { "\(call) \(number) \(effect) \(path ?? "")" }
    }

    /// The calls that a signal interrupts, each of them once.
    static let interruptible =
        "open,openat,read,write,pread,pwrite,writev,fsync,fdatasync,ftruncate,poll,waitpid,send,"
        + "recv,rename,renameat,renameat2,link,linkat,unlink,unlinkat"

    /// Preloads the library into what `program` starts; it acts in the program called `name` alone.
    ///
    /// Each fault leaves a line in `log`: one that met no call has tested nothing.
    func plant(_ fault: Fault, in program: inout Program, name: String = "backup") {
        prepare(&program, name)
        program.environment["FAULT_CALL"] = fault.call
        program.environment["FAULT_EFFECT"] =
            switch fault.effect {
            case .fails(let number): "\(number)"
            case .kill: "KILL"
            case .short: "SHORT"
            case .noted: "NOTE"
            }
        program.environment["FAULT_NUMBER"] = "\(fault.number)"
        program.environment["FAULT_COUNT"] = "\(fault.count)"
        program.environment["FAULT_PATH"] = fault.path
    }

    /// Interrupts each call once: it fails with `EINTR`, and works when it is repeated.
    func interrupt(
        _ calls: String = interruptible, in program: inout Program, name: String = "backup"
    ) {
        prepare(&program, name)
        program.environment["FAULT_EINTR"] = calls
    }

    private func prepare(_ program: inout Program, _ name: String) {
        program.environment["LD_PRELOAD"] = library
        program.environment["FAULT_PROGRAM"] = name
        program.environment["FAULT_LOG"] = Self.log(of: program)
    }

    /// Preloads the library, which then says of `backup` or `s3prune` alone how it ended.
    func watch(_ program: inout Program, name: String = "backup") { prepare(&program, name) }

    /// The faults that happened: call, what came of it, path. Empty where none did.
    static func faults(in program: Program) -> [String] {
        lines(of: program).filter { !$0.hasPrefix("dumpable") }
    }

    /// Whether each run of a watched program hid its memory to its end.
    static func hidMemory(_ program: Program) -> [Bool] {
        lines(of: program).filter { $0.hasPrefix("dumpable") }.map { $0.hasPrefix("dumpable 0") }
    }

    private static func lines(of program: Program) -> [String] {
        let text = try? String(contentsOfFile: log(of: program), encoding: .utf8)
        return text?.split(separator: "\n").map(String.init) ?? []
    }

    private static func log(of program: Program) -> String { program.home.path("faults.log") }
}

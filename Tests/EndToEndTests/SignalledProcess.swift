import Foundation
import Synchronization

/// A program whose process a scripted server knows, so that its answers come with signals.
final class SignalledProcess: Sendable {
    /// The number of the process once it runs.
    let number = Mutex<pid_t>(0)

    /// The command that tells its number here.
    func of(_ command: Command) -> Command {
        var command = command
        command.onStart = { started in self.number.withLock { $0 = started } }
        return command
    }

    /// Sends a signal, and returns when the process has done with it what it does.
    func signal(_ signal: Int32) {
        var process: pid_t = 0
        while process == 0 { process = number.withLock { $0 } }
        kill(process, signal)
        while !Self.isAtRest(process) { usleep(2000) }
    }

    /// Whether no signal waits for the process and all of its threads sleep: one that was woken by
    /// a signal would not. Whoever asks holds an answer that the process waits for.
    private static func isAtRest(_ process: pid_t) -> Bool {
        let folder = "/proc/\(process)/task"
        guard let threads = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            return true
        }
        return threads.allSatisfy { thread in
            guard
                let text = try? String(
                    contentsOfFile: "\(folder)/\(thread)/status", encoding: .utf8)
            else { return true }
            return text.split(separator: "\n").allSatisfy { line in
                let words = line.split { $0 == "\t" || $0 == " " }
                guard words.count > 1 else { return true }
                switch words[0] {
                case "State:": return ["S", "Z", "X", "T"].contains(words[1])
                case "SigPnd:", "ShdPnd:": return words[1].allSatisfy { $0 == "0" }
                default: return true
                }
            }
        }
    }
}

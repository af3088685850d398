internal import Foundation
public import Glibc

/// The processes that still run with exactly these words, one space between each two.
public func running(_ words: String) -> [pid_t] {
    processes { $0.split(separator: "\0").joined(separator: " ") == words }
}

/// The processes whose command line names this text.
public func processes(naming text: String) -> [pid_t] { processes { $0.contains(text) } }

/// The processes whose command line, its words ended by zero bytes, is such a one.
private func processes(_ isMeant: (String) -> Bool) -> [pid_t] {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return entries.compactMap { pid_t($0) }.filter { process in
        let line = FileManager.default.contents(atPath: "/proc/\(process)/cmdline")
        return line.map { isMeant(String(decoding: $0, as: UTF8.self)) } ?? false
    }
}

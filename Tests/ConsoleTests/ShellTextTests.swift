import Console
import Foundation
import Testing

@Suite("words of a shell")
struct ShellTextTests {
    /// With marks that combine with what is before them: for Swift both are one character.
    static let words = [
        "", "plain", "it's", "''", "$(id)`id`", "back\\slash\\", "new\nline", "é💾",
        "it'\u{301}; exit 3;:'\u{301}x", "\u{301}'", "'\u{FE0F}'\u{200D}'",
    ]

    @Test("are read back by sh as they were", arguments: words)
    func roundTrip(word: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", "printf %s \(ShellText.quoted(word))"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(Array(output) == Array(word.utf8) && process.terminationStatus == 0)
    }
}

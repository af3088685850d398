import BackupPipeline
import Foundation
import Testing

@Suite("the file that is restored to")
final class OutputFileTests {
    private let directory: String

    init() throws {
        var template = Array("/tmp/out-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
        directory = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    private var names: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: directory))?.sorted() ?? []
    }

    private func path(_ name: String) -> String { "\(directory)/\(name)" }

    private func text(_ name: String) -> String? {
        FileManager.default.contents(atPath: path(name)).map { String(decoding: $0, as: UTF8.self) }
    }

    private func write(_ name: String, _ text: String, replaces: Bool = false) throws {
        let file = try OutputFile(path(name), replaces: replaces)
        try Array(text.utf8).withUnsafeBytes { try file.write($0) }
        try file.finish()
    }

    private func code(_ body: () throws -> Void) -> OutputError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? OutputError)?.code
        }
    }

    @Test("has its name only when it is complete, and belongs to the user alone")
    func appears() throws {
        let file = try OutputFile(path("x"), replaces: false)
        try Array("abc".utf8).withUnsafeBytes { try file.write($0) }
        #expect(names.count == 1 && names[0].hasPrefix(".backup-restore-"))
        try file.finish()
        #expect(names == ["x"] && text("x") == "abc")
        let attributes = try FileManager.default.attributesOfItem(atPath: path("x"))
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test("leaves nothing when it is let go")
    func vanishes() throws {
        _ = try OutputFile(path("x"), replaces: false)
        #expect(names.isEmpty)
    }

    @Test("replaces a file only where that was asked for")
    func replaces() throws {
        try write("x", "old")
        #expect(code { try write("x", "new") } == .exists)
        #expect(text("x") == "old")
        try write("x", "new", replaces: true)
        #expect(text("x") == "new" && names == ["x"])
    }

    @Test("does not replace a file that came while it was written")
    func overtaken() throws {
        let file = try OutputFile(path("x"), replaces: false)
        try Data("other".utf8).write(to: URL(fileURLWithPath: path("x")))
        #expect(code { try file.finish() } == .exists)
        #expect(text("x") == "other")
    }

    @Test("takes the place of no link, pipe, directory or device", arguments: [false, true])
    func places(replaces: Bool) throws {
        try Data("target".utf8).write(to: URL(fileURLWithPath: path("target")))
        symlink(path("target"), path("link"))
        symlink(path("nowhere"), path("dangling"))
        mkfifo(path("pipe"), 0o600)
        mkdir(path("directory"), 0o700)
        for name in ["link", "dangling", "pipe", "directory", "", ".", ".."] {
            #expect(code { try write(name, "new", replaces: replaces) } == .notAFile, "\(name)")
        }
        #expect(code { _ = try OutputFile("/dev/null", replaces: replaces) } == .notAFile)
        #expect(text("target") == "target")
        #expect(names == ["dangling", "directory", "link", "pipe", "target"])
    }

    @Test("needs a directory that is there and can be written")
    func directories() {
        #expect(code { try write("none/x", "a") } == .system(ENOENT))
        #expect(code { _ = try OutputFile("/proc/x", replaces: false) } != nil)
    }

    static let keys: [(key: String, isRaw: Bool, isUnpacked: Bool, name: String?)] = [
        ("db/shop.sql.gz.gpg", false, true, "shop.sql"),
        ("db/shop.sql.gz.gpg", false, false, "shop.sql.gz"),
        ("db/shop.sql.gz.gpg", true, true, "shop.sql.gz.gpg"),
        ("shop.sql.zst.pgp", false, true, "shop.sql"), ("home.tgz.gpg", false, true, "home.tar"),
        ("shop", false, true, "shop"), (".gpg", false, true, "_gpg"), ("a/.gz", false, true, "_gz"),
        ("../../etc/cron.d/x", false, true, "x"), ("a/..", false, true, nil),
        ("a/..gpg", false, true, nil), ("a/", false, true, nil), ("-rf.gpg", false, true, "_rf"),
        (".ssh", false, true, "_ssh"), ("a\u{1B}[2Jb\n.gpg", false, true, "a_[2Jb_"),
        ("a\u{202E}b", false, true, "a_b"), ("größe.gpg", false, true, "größe"),
        (String(repeating: "x", count: 256), false, true, nil),
    ]

    @Test("is named after the last part of the key, made harmless", arguments: keys)
    func name(key: String, isRaw: Bool, isUnpacked: Bool, name: String?) {
        #expect(
            OutputName.of(key: Array(key.utf8), isRaw: isRaw, isUnpacked: isUnpacked) == name)
    }
}

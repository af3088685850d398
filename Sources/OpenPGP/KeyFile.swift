import Glibc

/// A file with OpenPGP keys, armored or binary, looked at without gpg.
struct KeyFile {
    /// Where it was read from.
    let path: String
    /// The packets of every key in it, unarmored.
    let bytes: [UInt8]
    /// When the newest of its keys says that it was made, in seconds since 1970.
    private(set) var newest: Int64 = 0

    /// The largest file that is read: a key with thousands of signatures is smaller.
    static let largest = 1 << 20

    /// Reads a file and makes sure that it is made of public keys and of nothing else.
    init(path: String) throws {
        let content = try readFile(path, limit: Self.largest, operation: "read a key")
        try self.init(path: path, content: content)
    }

    /// The same for bytes that are already there.
    init(path: String, content: [UInt8]) throws {
        self.path = path
        // Editors of Windows put a mark before text.
        let content = content.starts(with: [0xef, 0xbb, 0xbf]) ? Array(content[3...]) : content
        guard let first = content.first else { throw Self.failure(path, .empty) }
        if first & 0x80 != 0 {
            bytes = content
        } else {
            bytes = try Self.unarmored(content, path)
        }
        try examine()
    }

    private static func failure(_ path: String, _ code: OpenPGPError.Code) -> OpenPGPError {
        OpenPGPError("read a key", path, code)
    }

    private static func unarmored(_ content: [UInt8], _ path: String) throws -> [UInt8] {
        let blocks: [Armor.Block]
        do {
            blocks = try Armor.blocks(in: content)
        } catch let malformed as Armor.Malformed {
            throw failure(path, .damagedKey(malformed.words))
        }
        guard !blocks.isEmpty else { throw failure(path, .notAKey) }
        var bytes: [UInt8] = []
        for block in blocks {
            switch block.label {
            case "PUBLIC KEY BLOCK": bytes += block.bytes
            case "PRIVATE KEY BLOCK", "SECRET KEY BLOCK": throw failure(path, .secretKey)
            default: throw failure(path, .notAKey)
            }
        }
        return bytes
    }

    /// Every packet must be one that a public key is made of, and a primary key comes first.
    private mutating func examine() throws {
        var walker = PacketWalker()
        var isFirst = true
        // The beginning of a primary key: its version, then when it was made.
        var head: [UInt8]?
        var newest: Int64 = 0
        try bytes.withUnsafeBytes { all in
            var rest = all[...]
            do {
                while let event = try walker.next(&rest) {
                    switch event {
                    case .begin(let tag):
                        try Self.check(tag, isFirst: isFirst, path)
                        isFirst = false
                        head = tag == PacketTag.publicKey ? [] : nil
                    case .body(let part): head?.append(contentsOf: part.prefix(5))
                    case .end:
                        guard let begun = head, begun.count >= 5 else { continue }
                        newest = max(newest, begun[1..<5].reduce(0) { $0 << 8 | Int64($1) })
                    }
                }
            } catch let malformed as PacketWalker.Malformed {
                throw Self.failure(path, isFirst ? .notAKey : .damagedKey(malformed.words))
            }
        }
        guard walker.isAtEnd else { throw Self.failure(path, .damagedKey("it ends too early")) }
        self.newest = newest
    }

    private static func check(_ tag: UInt8, isFirst: Bool, _ path: String) throws {
        switch tag {
        case PacketTag.secretKey, PacketTag.secretSubkey: throw failure(path, .secretKey)
        case PacketTag.publicKey: return
        case PacketTag.publicSubkey, PacketTag.signature, PacketTag.userID,
            PacketTag.userAttribute, PacketTag.trust, PacketTag.marker, PacketTag.padding:
            if isFirst { throw failure(path, .notAKey) }
        default: throw failure(path, .notAKey)
        }
    }
}

/// Reads a file of at most `limit` bytes.
///
/// Links are followed; a directory, a pipe or a device is refused without waiting for it. A secret
/// may come through a pipe, which leaves it on no disk, and from no file that others may read or
/// the group may change. (Readable by the group are the credentials that systemd hands out.)
func readFile(
    _ path: String, limit: Int, isSecret: Bool = false, operation: String
) throws(OpenPGPError) -> [UInt8] {
    func failure(_ code: OpenPGPError.Code) -> OpenPGPError { OpenPGPError(operation, path, code) }
    let descriptor = retrying { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    guard descriptor >= 0 else { throw failure(.unreadable(errno: errno)) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(.unreadable(errno: errno)) }
    let isPipe = status.st_mode & S_IFMT == S_IFIFO
    guard status.st_mode & S_IFMT == S_IFREG || isSecret && isPipe else {
        throw failure(.notAFile)
    }
    if isSecret, status.st_mode & 0o027 != 0 { throw failure(.tooOpen) }
    if isPipe { _ = fcntl(descriptor, F_SETFL, 0) }
    guard status.st_size <= limit else { throw failure(.tooLarge) }
    var bytes = [UInt8](repeating: 0, count: limit + 1)
    var count = 0
    while count < bytes.count {
        let got = bytes.withUnsafeMutableBytes { all in
            retrying { read(descriptor, all.baseAddress! + count, all.count - count) }
        }
        guard got >= 0 else { throw failure(.unreadable(errno: errno)) }
        if got == 0 { break }
        count += got
    }
    guard count <= limit else { throw failure(.tooLarge) }
    bytes.removeLast(bytes.count - count)
    return bytes
}

/// Repeats a system call that a signal interrupted.
func retrying<Result: FixedWidthInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}

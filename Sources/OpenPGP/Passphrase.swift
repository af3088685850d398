internal import Glibc

/// A passphrase, in memory that is wiped when it is let go; it has no description.
public final class Passphrase: @unchecked Sendable, CustomStringConvertible, CustomReflectable {
    private let storage: UnsafeMutableRawBufferPointer

    /// Reads the first line of a file (at most 4 KiB) that others may not read and the group not
    /// change, or of a pipe such as `/dev/fd/3`.
    public init(file path: String) throws(OpenPGPError) {
        let operation = "read a passphrase"
        var bytes = try readFile(path, limit: 4096, isSecret: true, operation: operation)
        defer { bytes.withUnsafeMutableBytes { wipe($0) } }
        // No slice of the bytes: wiping them would wipe a copy while it lives.
        var count = bytes.firstIndex(of: 10) ?? bytes.count
        if count > 0, bytes[count - 1] == 13 { count -= 1 }
        guard count > 0 else { throw OpenPGPError(operation, path, .empty) }
        storage = .allocate(byteCount: count, alignment: 1)
        _ = mlock(storage.baseAddress!, storage.count)
        bytes.withUnsafeBytes {
            storage.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<count]))
        }
    }

    deinit {
        wipe(storage)
        _ = munlock(storage.baseAddress!, storage.count)
        storage.deallocate()
    }

    /// Lends the bytes, without an end of line.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        body(UnsafeRawBufferPointer(storage))
    }

    /// Never the passphrase.
    public var description: String { "<redacted>" }
    /// Never the passphrase.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

private func wipe(_ bytes: UnsafeMutableRawBufferPointer) {
    guard let base = bytes.baseAddress else { return }
    explicit_bzero(base, bytes.count)
}

internal import Glibc

/// A restored backup cannot be written.
public struct OutputError: Error, Hashable {
    /// What stands in the way.
    public enum Code: Hashable, Sendable {
        /// A file that must not be replaced.
        case exists
        /// A link, a directory, a pipe or a device, or no name at all.
        case notAFile
        /// The wait for whoever reads the output was ended.
        case cancelled
        /// A call of the system failed with this number.
        case system(Int32)
    }

    /// Where it was to be written, as it was named.
    public let path: String
    /// What stands in the way.
    public let code: Code

    /// Whether whoever reads the output has stopped reading.
    public var isClosedPipe: Bool { code == .system(EPIPE) }
}

extension OutputError: CustomStringConvertible {
    /// The problem in words: lowercase, no final period.
    public var description: String {
        switch code {
        case .exists: "\(path): the file exists"
        case .notAFile: "\(path): not a regular file"
        case .cancelled: "\(path): the wait for whoever reads it was ended"
        case .system(let number): "\(path): \(systemWords(number))"
        }
    }
}

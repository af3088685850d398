internal import Console
internal import Glibc

extension Policy {
    /// Reads the bytes of a policy file: a regular file of at most 1 MiB.
    ///
    /// Anything else that a path may name (a directory, a device, a pipe) is refused before a byte
    /// is read, so that no path can make a run hang or fill the memory.
    ///
    /// Whoever may write to the file decides what is deleted. If its group or everybody may, that
    /// is an error with `toDelete`, else a warning: a check or a dry run may read a working copy.
    public static func read(
        path: String, toDelete: Bool = false
    ) throws(PolicyProblems) -> (bytes: [UInt8], warnings: [PolicyProblem]) {
        do throws(PolicyProblem) {
            let (bytes, mode) = try contents(path)
            guard mode & (S_IWGRP | S_IWOTH) != 0 else { return (bytes, []) }
            let others = mode & S_IWOTH != 0 ? "everybody" : "its group"
            let problem = PolicyProblem(
                toDelete ? .error : .warning, file: path, "\(others) may write to the file",
                hint: "chmod go-w \(Printable.line(path))")
            if toDelete { throw problem }
            return (bytes, [problem])
        } catch {
            throw PolicyProblems([error])
        }
    }

    /// The bytes and the mode of the file.
    private static func contents(_ path: String) throws(PolicyProblem) -> ([UInt8], mode_t) {
        let descriptor = retrying { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else { throw unreadable(path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw unreadable(path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw PolicyProblem(
                file: path, "not a regular file",
                hint: "name a YAML file, not a directory or device")
        }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= SourceText.largest {
            let count = block.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress, $0.count)
            }
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw unreadable(path)
            }
            bytes += block[..<count]
        }
        return (bytes, status.st_mode)
    }

    private static func unreadable(_ path: String) -> PolicyProblem {
        PolicyProblem(file: path, "cannot be read: \(String(cString: strerror(errno)))")
    }

    /// The problems of policies that are used together: two of them about the same keys.
    ///
    /// One bucket may have several policies only if their prefixes do not overlap; each such pair
    /// is reported once, at the later policy's bucket.
    public static func overlaps(_ policies: [Policy]) -> [PolicyProblem] {
        var problems: [PolicyProblem] = []
        for (index, policy) in policies.enumerated() {
            for earlier in policies[..<index] where policy.overlaps(earlier) {
                let site = policy.bucketProblemSite
                var problem = PolicyProblem(
                    file: policy.path,
                    "keys of this bucket are under the policy \(Printable.line(earlier.path)) too",
                    hint: "give each policy of a bucket a prefix of its own: s3://BUCKET/PREFIX")
                problem.line = site.place.line
                problem.column = site.place.column
                problem.sourceLine = site.sourceLine
                problems.append(problem)
            }
        }
        return problems
    }

    private func overlaps(_ other: Policy) -> Bool {
        bucket == other.bucket
            && (endpointURL == other.endpointURL || endpointURL == nil || other.endpointURL == nil)
            && (prefix.starts(with: other.prefix) || other.prefix.starts(with: prefix))
    }
}

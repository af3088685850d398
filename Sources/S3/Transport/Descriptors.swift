internal import Glibc

/// The numbers of open files that this process may still take.
enum Descriptors {
    /// Whether there are fewer than a connection needs: libcurl does not say so when it fails of
    /// that.
    static var areScarce: Bool {
        var taken: [Int32] = []
        defer { for descriptor in taken { close(descriptor) } }
        for _ in 0..<4 {
            let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return errno == EMFILE || errno == ENFILE }
            taken.append(descriptor)
        }
        return false
    }
}

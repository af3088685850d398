internal import Glibc

/// Finds the files that paths on the command line mean.
enum ListingPaths {
    /// A file, or the files of a directory in name order; hidden files and folders are left out.
    static func files(at path: String) throws -> [String] {
        guard path != "-" else { return [path] }
        var status = stat()
        guard stat(path, &status) == 0 else { throw unreadable(path) }
        guard status.st_mode & S_IFMT == S_IFDIR else { return [path] }
        guard let handle = opendir(path) else { throw unreadable(path) }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix("."), isRegular(path + "/" + name) { names.append(name) }
        }
        guard !names.isEmpty else {
            throw ListingError("the directory holds no files", place: path)
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { path + "/" + $0 }
    }

    /// Whether there is a file that can be opened again, unlike a pipe.
    static func isRegular(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Whether two paths lead to one file.
    static func isSame(_ one: String, _ other: String) -> Bool {
        var (first, second) = (stat(), stat())
        return stat(one, &first) == 0 && stat(other, &second) == 0
            && first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }

    /// The error of the last system call.
    static func unreadable(_ path: String) -> ListingError {
        ListingError("cannot be read: \(String(cString: strerror(errno)))", place: path)
    }
}

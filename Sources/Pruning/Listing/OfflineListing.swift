internal import Glibc
public import S3

/// A listing that was saved before: ListVersionsResult pages in files, directories or standard
/// input.
///
/// Pages are checked as those of a bucket are: the same bucket, under the prefix, one after the
/// other without a gap, and the last one really the last.
public struct OfflineListing: PageSource {
    private var files: ArraySlice<String>
    private let parser: VersionPageParser
    private var current: (stream: VersionPageStream, file: ListingFile)?
    private var sequence = PageSequence()

    /// Opens nothing yet; `paths` are files, directories (their files in name order) and `-`.
    public init(paths: [String], bucket: String, prefix: [UInt8]) throws {
        var files: [String] = []
        for path in paths { files += try ListingFile.files(at: path) }
        self.files = files[...]
        parser = VersionPageParser(bucket: bucket, prefix: prefix)
    }

    /// The next page, or `nil` after the last one.
    public mutating func nextPage() throws -> VersionPage? {
        while true {
            guard var open = current else {
                guard let path = files.popFirst() else {
                    try checked(place: nil) { try sequence.finish() }
                    return nil
                }
                let file = try ListingFile(path: path)
                current = (VersionPageStream(parser: parser, read: file.read), file)
                continue
            }
            let place = "\(open.file.name), page \(open.stream.pages + 1)"
            let page = try checked(place: place) { try open.stream.nextPage() }
            guard let page else {
                if open.stream.pages == 0 {
                    throw ListingError("the file holds no page of a listing", place: open.file.name)
                }
                current = nil
                continue
            }
            current = open
            try checked(place: place) { try sequence.accept(page) }
            return page
        }
    }

    private func checked<Value>(place: String?, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let problem as ListingProblem {
            throw ListingError(problem, place: place ?? "the saved listing")
        }
    }
}

extension ListingError {
    /// What is wrong with a page, and where it came from.
    public init(_ problem: ListingProblem, place: String) {
        self.init("\(problem)", place: place, hint: Self.hint(for: problem.code))
    }

    private static func hint(for code: ListingProblem.Code) -> String? {
        switch code {
        case .incomplete: "list the bucket again, to the last page"
        case .otherBucket: "name the policy of that bucket, or list the policy's bucket"
        case .notAListing: "a saved listing is the XML of ListObjectVersions, page by page"
        case .outsidePrefix: "list with the prefix of the policy"
        default: nil
        }
    }
}

/// One file of a saved listing.
final class ListingFile {
    let name: String
    private let descriptor: Int32

    init(path: String) throws {
        if path == "-" {
            name = "standard input"
            descriptor = 0
            return
        }
        name = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.unreadable(path) }
    }

    deinit { if descriptor > 0 { close(descriptor) } }

    func read(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            if errno != EINTR { throw Self.unreadable(name) }
        }
    }

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
            if !name.hasPrefix("."), isFile(path + "/" + name) { names.append(name) }
        }
        guard !names.isEmpty else {
            throw ListingError("the directory holds no files", place: path)
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { path + "/" + $0 }
    }

    private static func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    private static func unreadable(_ path: String) -> ListingError {
        ListingError("cannot be read: \(String(cString: strerror(errno)))", place: path)
    }
}

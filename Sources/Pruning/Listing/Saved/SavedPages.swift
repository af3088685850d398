internal import S3

/// Pages of ListVersionsResult XML, one after another in one or several files.
struct SavedPages {
    private var files: ArraySlice<SavedFile>
    private let parser: VersionPageParser
    private var current: (stream: VersionPageStream, file: ListingFile)?
    private var sequence = PageSequence()

    init(files: [SavedFile], bucket: String, prefix: [UInt8]) {
        self.files = files[...]
        parser = VersionPageParser(bucket: bucket, prefix: prefix)
    }

    /// The next page, or `nil` after the last one.
    mutating func nextPage() throws -> VersionPage? {
        while true {
            guard var open = current else {
                guard let next = files.popFirst() else {
                    try checked(place: nil) { try sequence.finish() }
                    return nil
                }
                let file = try next.open()
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

internal import CivilTime

/// An S3 Inventory that was downloaded: its manifest and its files of rows.
///
/// The files lie in the manifest's directory, in `data` below it or in `data` beside it (as
/// `aws s3 sync` leaves them), or are given by name. All files of the manifest are read, whichever
/// were given. Standard input is all of them, one after another in the manifest's order.
struct Inventory {
    private let manifest: InventoryManifest
    private let manifestPath: String
    private let given: [SavedFile]

    /// The inventory that some of these files belong to; nil where none of them does.
    init?(_ files: [SavedFile], bucket: String) throws {
        let manifests = files.filter { $0.content == .manifest }
        guard manifests.count <= 1 else {
            throw ListingError(
                "a second manifest", place: manifests[1].path,
                hint: "one run reads one inventory")
        }
        guard let file = try manifests.first ?? Self.manifest(beside: files) else { return nil }
        manifestPath = file.path
        manifest = try InventoryManifest(try file.open(), bucket: bucket)
        var rows: [SavedFile] = []
        for other in files where other.content != .manifest {
            switch other.content {
            case .text, .empty: rows.append(other)
            case .checksum: try Self.check(other, is: manifest.md5)
            default:
                throw ListingError(
                    "\(other.content.words), where \(file.path) is the manifest of an inventory",
                    place: other.path, hint: "one run reads one listing in one format")
            }
        }
        given = rows
        try checkBeside()
    }

    /// The columns of its rows.
    var columns: InventoryColumns { manifest.columns }

    /// Reads all rows.
    func read(into rows: InventoryRows) throws {
        guard let files = manifest.files else {
            guard !given.isEmpty else {
                throw ListingError(
                    "the manifest names no files", place: manifestPath,
                    hint: "give the files of rows as well")
            }
            for file in given { try rows.read(try file.open()) }
            return
        }
        if let pipe = given.first(where: \.isPipe) {
            guard given.count == 1 else {
                throw ListingError(
                    "files beside \(pipe.name), which is the whole inventory",
                    place: manifestPath)
            }
            return try read(files, from: pipe, into: rows)
        }
        let paths = try files.map(path)
        for other in given where !paths.contains(where: { ListingPaths.isSame($0, other.path) }) {
            throw ListingError("the file is not one of \(manifestPath)", place: other.path)
        }
        for (file, path) in zip(files, paths) {
            let input = InventoryFile(
                file, name: path, input: try OpenFile(path: path), isLast: true)
            try rows.read(ListingFile(name: path, input: input))
        }
    }

    private func read(
        _ files: [InventoryManifest.File], from pipe: SavedFile, into rows: InventoryRows
    ) throws {
        let input = try pipe.packed()
        for (index, file) in files.enumerated() {
            let name = "\(pipe.name), \(file.name)"
            let part = InventoryFile(
                file, name: name, input: input, isLast: index == files.count - 1)
            try rows.read(ListingFile(name: name, input: part))
        }
    }

    // MARK: Finding files

    private static func manifest(beside files: [SavedFile]) throws -> SavedFile? {
        for file in files where file.content == .text && !file.isPipe {
            let path = directory(of: file.path) + "manifest.json"
            if ListingPaths.isRegular(path) { return try SavedFile(path: path) }
        }
        return nil
    }

    private func path(of file: InventoryManifest.File) throws -> String {
        let beside = Self.directory(of: manifestPath)
        let places = [beside, beside + "data/", beside + "../data/"].map { $0 + file.name }
        let named = given.map(\.path).filter { Self.name(of: $0) == file.name }
        if let path = (named + places).first(where: ListingPaths.isRegular) { return path }
        throw ListingError(
            "the inventory's file \(file.name) is missing", place: manifestPath,
            hint: "put it beside the manifest or into data/, or give it with --listing")
    }

    /// S3 writes the MD5 of a manifest beside it.
    private func checkBeside() throws {
        let path = Self.directory(of: manifestPath) + "manifest.checksum"
        guard manifestPath != "-", ListingPaths.isRegular(path) else { return }
        let file = try SavedFile(path: path)
        guard file.content == .checksum else { return }
        try Self.check(file, is: manifest.md5)
    }

    private static func check(_ file: SavedFile, is md5: String) throws {
        let text = String(decoding: try file.open().read(count: 32), as: UTF8.self)
        guard text.lowercased() == md5 else {
            throw ListingError(
                "the manifest has another MD5: \(md5), not \(text)", place: file.path,
                hint: "download the inventory again")
        }
    }

    private static func directory(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    }

    private static func name(of path: String) -> Substring {
        path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    }
}

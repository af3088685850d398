import Testing

@testable import Pruning

@Suite struct InventoryManifestTests {
    private static let schema =
        "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag"
    private static let file =
        #"{"key":"x/data/a.csv.gz","size":7,"MD5checksum":"D41D8CD98F00B204E9800998ECF8427E"}"#

    private static func manifest(
        bucket: String = "b", format: String = "CSV", schema: String = schema, files: String = file
    ) -> String {
        """
        {"sourceBucket": "\(bucket)", "destinationBucket": "arn:aws:s3:::x", "version": "2016-11-30",
         "creationTimestamp": "1763949600000", "fileFormat": "\(format)",
         "fileSchema": "\(schema)", "files": [\(files)]}
        """
    }

    private func read(_ text: String) throws -> InventoryManifest {
        try InventoryManifest(ListingFile(text), bucket: "b")
    }

    @Test("gives the columns by name, and the files by the end of their keys")
    func fields() throws {
        let manifest = try read(Self.manifest())
        #expect(manifest.columns.count == 8)
        #expect(manifest.columns.key == 1)
        #expect(manifest.columns.isMarker == 4)
        #expect(manifest.columns.etag == 7)
        #expect(manifest.columns.lockMode == nil)
        #expect(
            manifest.files == [
                .init(name: "a.csv.gz", size: 7, md5: "d41d8cd98f00b204e9800998ecf8427e")
            ])
    }

    @Test("has the MD5 of its own bytes")
    func checksum() throws {
        // printf '%s' TEXT | md5sum
        let text =
            #"{"fileSchema": "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, "#
            + #"LastModifiedDate, ETag"}"#
        #expect(try read(text).md5 == "cdb0e13a62b556b46a95dfd39baf4b86")
        #expect(try read(text + "\n").md5 == "3508a6e530b17a98f34819817c1893c6")
    }

    @Test("without files gives the columns alone")
    func columnsOnly() throws {
        #expect(try read(#"{"fileSchema": "\#(Self.schema)"}"#).files == nil)
        #expect(try read(Self.manifest(files: "")).files == [])
    }

    static let refused: [(String, String)] = [
        (manifest(bucket: "other"), "of bucket \"other\""),
        (manifest(format: "ORC"), "in ORC"), (manifest(format: "Parquet"), "in Parquet"),
        (manifest(schema: "Bucket, Key, Size"), "current versions only"),
        (manifest(schema: schema.replacing("Size, ", with: "")), "no column Size"),
        (manifest(schema: schema.replacing("IsLatest, ", with: "")), "no column IsLatest"),
        (manifest(schema: schema + ", Key"), "Key stands twice"),
        (#"{"sourceBucket": "b"}"#, "no fileSchema"),
        (
            #"{"fileSchema": "\#(schema.replacing("Bucket, ", with: ""))"}"#,
            "does not say of which bucket"
        ),
        (manifest(files: file + "," + file), "a file twice"),
        (manifest(files: file.replacing("a.csv.gz", with: "..")), "without a name"),
        (manifest(files: file.replacing("a.csv.gz", with: "")), "without a name"),
        (manifest(files: #"{"key":"a"}"#), "without key, size or MD5checksum"),
        (manifest(files: file.replacing("7", with: "-7")), "not a size"),
        (String(manifest().dropLast()), "the file is cut"), (manifest() + "{}", "behind the end"),
        ("[]", "'{' is missing"),
    ]

    @Test("is refused where rows could be misread or missed", arguments: refused)
    func refuses(text: String, word: String) {
        let error = #expect(throws: ListingError.self) { try read(text) }
        #expect(error?.description.contains(word) == true, "\(String(describing: error))")
        #expect(error?.place != nil)
    }
}

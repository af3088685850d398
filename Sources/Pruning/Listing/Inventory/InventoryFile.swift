internal import S3

/// A file of an inventory as its manifest describes it: length and MD5 are checked at its end.
final class InventoryFile: ListingInput {
    private let name: String
    private let input: any ListingInput
    private let expected: InventoryManifest.File
    private let isLast: Bool
    private let digest = Digest(.md5)
    private var count: Int64 = 0
    private var isChecked = false

    /// A file of its own, or, where another follows it on standard input, as many bytes of
    /// `input` as it has.
    init(_ expected: InventoryManifest.File, name: String, input: any ListingInput, isLast: Bool) {
        self.expected = expected
        self.name = name
        self.input = input
        self.isLast = isLast
    }

    func read(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if isChecked { return 0 }
        let left = expected.size - count
        if left > 0 {
            let room = min(Int64(buffer.count), left)
            let got = try input.read(UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(room)]))
            guard got > 0 else {
                throw wrong("\(count) bytes, where the manifest says \(expected.size)")
            }
            digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<got]))
            count += Int64(got)
            return got
        }
        if isLast, try input.read(buffer) > 0 {
            throw wrong("more than the \(expected.size) bytes that the manifest says")
        }
        let md5 = digest.finishText()
        guard md5 == expected.md5 else {
            throw wrong("its MD5 is \(md5), where the manifest says \(expected.md5)")
        }
        isChecked = true
        return 0
    }

    private func wrong(_ how: String) -> ListingError {
        ListingError(
            "not the file that the manifest names: \(how)", place: name,
            hint: "download the inventory again, all files of one manifest")
    }
}

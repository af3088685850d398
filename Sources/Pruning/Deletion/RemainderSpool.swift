internal import S3

/// Versions that the server did not delete, with its words: in memory while they are few, in a
/// temporary file when they are many.
final class RemainderSpool {
    private let bytes = SpillBuffer(memoryLimit: 4 << 20)

    /// Adds a version that was refused.
    func append(
        _ version: ObjectVersion, _ refusal: DeletionFate.Refusal
    ) throws(SpillError) {
        var record: [UInt8] = []
        let fields = [
            version.key, version.id.bytes, Array(refusal.code.utf8), Array(refusal.message.utf8),
        ]
        for field in fields {
            record.append(number: field.count)
            record += field
        }
        try bytes.append(record)
    }

    /// Hands out every version in the order in which they were added.
    func forEach(_ body: (Deleter.Remainder) -> Void) throws(SpillError) {
        var reader = SpillReader(bytes)
        while !reader.isAtEnd {
            let key = try reader.take(try reader.number())
            let id = try reader.take(try reader.number())
            let code = try reader.take(try reader.number())
            let message = try reader.take(try reader.number())
            guard let id = VersionID(id) else { throw SpillError(code: 5) }
            let refusal = DeletionFate.Refusal(
                code: String(decoding: code, as: UTF8.self),
                message: String(decoding: message, as: UTF8.self))
            body(
                Deleter.Remainder(
                    version: ObjectVersion(key: key, id: id), outcome: .refused(refusal)))
        }
    }
}

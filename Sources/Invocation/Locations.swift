internal import Console
public import S3

extension S3Location {
    /// Reads an argument `s3://BUCKET/KEY` that must name a key; throws what to print.
    public init(key argument: String) throws {
        try self.init(argument)
        guard hasKey else {
            throw Failure(
                .usage, "\(PrintableText.escape(argument)) names a bucket and no key",
                hint: "write s3://\(bucket)/KEY")
        }
    }

    /// `s3://BUCKET/KEY`, safe to print.
    public var printable: String { "s3://\(bucket)/" + PrintableText.escape(key) }
}

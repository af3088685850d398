import CivilTime
import Console
import Invocation
import S3

/// What may be uploaded: one key, or all keys below a prefix that ends with a slash.
struct GrantedPlace {
    let bucket: String
    let key: POSTPolicy.Key

    /// Reads `s3://B/KEY` or `s3://B/PREFIX/*`; throws where it could mean something else.
    init(_ argument: String) throws {
        let location = try S3Location(key: argument)
        let slash = UInt8(ascii: "/")
        var bytes = location.key
        bucket = location.bucket
        if bytes.last == UInt8(ascii: "*") {
            bytes.removeLast()
            guard bytes.last == slash else {
                throw Failure(
                    .usage, "\(location.printable): a prefix ends with /*",
                    hint: bytes.isEmpty
                        ? "a form for every key of a bucket is not made; name a prefix"
                        : "write s3://\(bucket)/PREFIX/* for every key below PREFIX/")
            }
            key = .prefix(bytes)
        } else {
            guard bytes.last != slash else {
                throw Failure(
                    .usage, "\(location.printable) ends with a slash, as no backup's key does",
                    hint: "write \(location.printable)* for every key below it")
            }
            key = .exact(bytes)
        }
        guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else {
            throw Failure(
                .usage, "\(location.printable) holds a control character, which forms change")
        }
    }

    /// The key or the prefix.
    var text: String {
        switch key {
        case .exact(let bytes), .prefix(let bytes): String(decoding: bytes, as: UTF8.self)
        }
    }

    /// Whether other names may follow.
    var isPrefix: Bool {
        if case .prefix = key { true } else { false }
    }

    /// `s3://B/KEY` or `s3://B/PREFIX/*`, safe to print.
    var printable: String {
        "s3://\(bucket)/" + PrintableText.escape(text) + (isPrefix ? "*" : "")
    }

    /// A shell script holds the key as it is: one that hides something or changes the direction of
    /// reading would deceive whoever reads the script.
    func requireVisible() throws {
        let isVisible = text.unicodeScalars.allSatisfy {
            $0 == "\\" || PrintableText.escape(String($0)) == String($0)
        }
        guard isVisible else {
            throw Failure(
                .usage, "\(printable) holds characters that do not show in a script",
                hint: "--format json writes them as escapes")
        }
    }
}

extension Endpoint {
    /// The ACL that forms name: it gives the object to the bucket's owner alone. Buckets of AWS with
    /// ACLs turned off, as they are by default, take no other than `bucket-owner-full-control`.
    /// Source: S3 User Guide, "Controlling ownership of objects and disabling ACLs".
    var usualACL: POSTPolicy.ACL { isAWS ? .bucketOwnerFullControl : .private }
}

/// A signed form and what it promises.
struct Grant {
    let place: GrantedPlace
    let form: POSTForm
    let maxSize: ByteSize
}

extension Grant {
    /// One object of JSON: what boto3 gives, and what it is for.
    var json: String {
        var line = JSONLine()
        line.add("url", form.url)
        line.add("fields", members: form.fields)
        line.add("bucket", place.bucket)
        line.add(place.isPrefix ? "prefix" : "key", place.text)
        line.add("min_size", 1)
        line.add("max_size", Int(maxSize.bytes))
        line.add("expires", form.expiration.rfc3339)
        return String(decoding: line.take(), as: UTF8.self)
    }
}

/// The hashes that go with a body: computed once, however often it is sent.
struct BodyDigests {
    /// For the signature and `x-amz-content-sha256`.
    let sha256: [UInt8]
    /// For `Content-MD5` and for what most servers use as entity tag.
    let md5: [UInt8]
    /// For `x-amz-checksum-crc64nvme`; nil where the server does not get one.
    let crc: CRC64NVME?

    /// Hashes the body piece by piece, so that each is read from memory once.
    init(of body: UnsafeRawBufferPointer, withCRC: Bool) {
        let sha256 = Digest(.sha256)
        let md5 = Digest(.md5)
        var crc = withCRC ? CRC64NVME() : nil
        var place = 0
        while place < body.count {
            let piece = UnsafeRawBufferPointer(
                rebasing: body[place..<min(place + BodyDigests.pieceBytes, body.count)])
            sha256.update(piece)
            md5.update(piece)
            crc?.update(piece)
            place += piece.count
        }
        self.sha256 = sha256.finish()
        self.md5 = md5.finish()
        self.crc = crc
    }

    /// Fits into every core's own cache.
    private static let pieceBytes = 64 << 10

    /// The MD5 as servers write it into entity tags.
    var md5Text: String { Hex.encode(md5) }

    /// What the request says of its body.
    var payload: Request.Payload { .sha256(hex: Hex.encode(sha256)) }

    /// What goes with the request, so that the server looks at what arrived.
    var headers: [Header] {
        var headers = [Header("Content-MD5", Base64.encode(md5))]
        if let crc { headers.append(Header("x-amz-checksum-crc64nvme", crc.text)) }
        return headers
    }
}

/// Walks over the packets of OpenPGP data (RFC 9580, section 4) as it arrives.
///
/// Nothing is decoded but tags and lengths; bodies are handed on in pieces.
struct PacketWalker {
    /// What is met on the way.
    enum Event {
        /// A packet begins.
        case begin(tag: UInt8)
        /// More of its body.
        case body(UnsafeRawBufferPointer)
        /// The packet ends.
        case end
    }

    /// What breaks the rules of the format.
    struct Malformed: Error {
        let words: String
    }

    private enum Place {
        case tag
        /// Collecting a length; `wanted` is 0 while its kind is not known.
        case length(isNew: Bool, wanted: Int)
        case body(left: Int, isPartial: Bool)
        /// An old packet that reaches to the end of the data.
        case open
    }

    private var place = Place.tag
    /// Bytes of a length that has not arrived as a whole.
    private var held: [UInt8] = []
    private var isContinued = false
    /// Bytes walked over so far.
    private(set) var offset: Int64 = 0

    /// Whether the data may end here.
    var isAtEnd: Bool {
        switch place {
        case .tag, .open: true
        default: false
        }
    }

    /// The next event, with what it used taken off `bytes`; nil when more bytes are needed.
    mutating func next(_ bytes: inout Slice<UnsafeRawBufferPointer>) throws(Malformed) -> Event? {
        while true {
            switch place {
            case .body(0, isPartial: false):
                place = .tag
                return .end
            case .body(0, isPartial: true):
                isContinued = true
                place = .length(isNew: true, wanted: 0)
            case .body(let left, let isPartial):
                guard !bytes.isEmpty else { return nil }
                let part = take(left, &bytes)
                place = .body(left: left - part.count, isPartial: isPartial)
                return .body(part)
            case .open:
                guard !bytes.isEmpty else { return nil }
                return .body(take(bytes.count, &bytes))
            case .tag:
                guard let first = take(1, &bytes).first else { return nil }
                return try begin(first)
            case .length(let isNew, let wanted):
                guard let byte = take(1, &bytes).first else { return nil }
                try length(byte, isNew: isNew, wanted: wanted)
            }
        }
    }

    private mutating func take(
        _ count: Int, _ bytes: inout Slice<UnsafeRawBufferPointer>
    ) -> UnsafeRawBufferPointer {
        let part = bytes.prefix(count)
        bytes = bytes.dropFirst(part.count)
        offset += Int64(part.count)
        return UnsafeRawBufferPointer(rebasing: part)
    }

    private mutating func begin(_ first: UInt8) throws(Malformed) -> Event {
        guard first & 0x80 != 0 else { throw Malformed(words: "no packet where one should be") }
        isContinued = false
        held.removeAll(keepingCapacity: true)
        if first & 0x40 != 0 {
            place = .length(isNew: true, wanted: 0)
            return .begin(tag: first & 0x3F)
        }
        let wanted = [1, 2, 4, 0][Int(first & 3)]
        place = wanted == 0 ? .open : .length(isNew: false, wanted: wanted)
        return .begin(tag: first >> 2 & 15)
    }

    private mutating func length(_ byte: UInt8, isNew: Bool, wanted: Int) throws(Malformed) {
        if wanted == 0 {
            switch byte {
            case ..<192: start(Int(byte), isPartial: false)
            case 192..<224:
                held.append(byte)
                place = .length(isNew: true, wanted: 2)
            case 224..<255:
                // RFC 9580, 4.2.1.4: only later parts may be shorter.
                guard isContinued || byte & 31 >= 9 else {
                    throw Malformed(words: "a first part of fewer than 512 bytes")
                }
                start(1 << Int(byte & 31), isPartial: true)
            default: place = .length(isNew: true, wanted: 4)
            }
            return
        }
        held.append(byte)
        guard held.count == wanted else { return }
        let value =
            isNew && wanted == 2
            ? (Int(held[0]) - 192) << 8 + Int(held[1]) + 192
            : held.reduce(0) { $0 << 8 | Int($1) }
        start(value, isPartial: false)
    }

    private mutating func start(_ count: Int, isPartial: Bool) {
        held.removeAll(keepingCapacity: true)
        place = .body(left: count, isPartial: isPartial)
    }
}

/// The packet types that matter here (RFC 9580, section 5).
enum PacketTag {
    static let publicKeyEncryptedSessionKey: UInt8 = 1
    static let signature: UInt8 = 2
    static let passwordEncryptedSessionKey: UInt8 = 3
    static let onePassSignature: UInt8 = 4
    static let secretKey: UInt8 = 5
    static let publicKey: UInt8 = 6
    static let secretSubkey: UInt8 = 7
    static let compressed: UInt8 = 8
    static let encryptedUnprotected: UInt8 = 9
    static let marker: UInt8 = 10
    static let literal: UInt8 = 11
    static let trust: UInt8 = 12
    static let userID: UInt8 = 13
    static let publicSubkey: UInt8 = 14
    static let userAttribute: UInt8 = 17
    static let encryptedProtected: UInt8 = 18
    /// GnuPG's authenticated encryption.
    static let encryptedAuthenticated: UInt8 = 20
    static let padding: UInt8 = 21
}

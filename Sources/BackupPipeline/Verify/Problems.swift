internal import Gzip
internal import OpenPGP
internal import S3

extension Verifier {
    /// What an error says about the version; rethrows one that says nothing about it.
    func problem(_ error: any Error) throws -> Finding.Problem {
        switch error {
        case let error as OpenPGPError:
            guard let code = Self.code(of: error.code) else { throw error }
            return .init(code, error.description)
        case let error as CompressionError:
            switch error.code {
            case .resources, .notOpen: throw error
            case .tooLarge: return .init(.tooLarge, error.description + " (--max-size)")
            default: return .init(.content, error.description)
            }
        case let error as S3Error:
            switch (error.code, error.status) {
            case ("InvalidObjectState", _):
                return .init(.archived, "it lies in an archive; RestoreObject first")
            case ("InvalidRange", _): return .init(.empty, "it has no bytes")
            case ("NoSuchVersion", _), ("NoSuchKey", _), ("NotFound", 404):
                return .init(.gone, "it is not there any more")
            case ("PreconditionFailed", _): return .init(.gone, "it is another one now")
            default:
                guard error.isDeleteMarker else { throw error }
                return .init(.deleted, "it is a delete marker")
            }
        case is EmptyObject: return .init(.empty, "it has no bytes")
        default: throw error
        }
    }

    /// What is wrong with a message; nil where it is gpg or the keyring that something is wrong
    /// with.
    private static func code(of code: OpenPGPError.Code) -> Finding.Problem.Code? {
        switch code {
        case .empty: .empty
        case .notAMessage: .notMessage
        case .notEncrypted: .unencrypted
        case .armored: .armored
        case .passwordEncrypted: .password
        case .notProtected: .unprotected
        case .damagedMessage: .damaged
        case .truncated: .truncated
        case .trailingBytes: .trailing
        case .plaintextTooLarge: .tooLarge
        case .badSignature, .notSigned: .signature
        case .noSecretKey: .noSecretKey
        default: nil
        }
    }
}

extension MessageHead {
    /// The bytes of the whole message, where the packet of the encrypted data says how long it is
    /// (RFC 9580, section 4.2); nil where it comes in pieces, as gpg writes streams.
    ///
    /// `bytes` are the first ones of the message.
    func declaredSize(in bytes: [UInt8]) -> Int64? {
        let rest = bytes.dropFirst(Int(length)).prefix(6).map(Int64.init)
        guard rest.count == 6 else { return nil }
        func number(_ count: Int) -> Int64 { rest[2..<(2 + count)].reduce(0) { $0 << 8 | $1 } }
        let size: Int64? =
            if rest[0] & 0x40 != 0 {
                switch rest[1] {
                case ..<192: 2 + rest[1]
                case ..<224: 3 + ((rest[1] - 192) << 8) + rest[2] + 192
                case 255: 6 + number(4)
                default: nil
                }
            } else {
                switch rest[0] & 3 {
                case 0: 2 + rest[1]
                case 1: 3 + (rest[1] << 8) + rest[2]
                case 2: 5 + (rest[1] << 24) + number(3)
                default: nil
                }
            }
        return size.map { length + $0 }
    }
}

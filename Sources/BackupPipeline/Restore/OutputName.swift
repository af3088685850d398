/// The name of the file that a key is restored to where none is given.
public enum OutputName {
    /// The last path component of the key, without what tells of the packing.
    ///
    /// `.gpg` and `.pgp` go, then `.gz`, `.zst` and `.zstd` where the content is unpacked (`.tgz`
    /// becomes `.tar`); with `isRaw` nothing goes. Characters that a terminal would act upon, and
    /// a leading `.` or `-`, become `_`. Nil where no name is left.
    public static func of(key: [UInt8], isRaw: Bool, isUnpacked: Bool) -> String? {
        let component =
            key.split(
                separator: UInt8(ascii: "/"), omittingEmptySubsequences: false
            ).last.map(Array.init) ?? []
        var name = String(decoding: component, as: UTF8.self)
        if !isRaw {
            name = name.without([".gpg", ".pgp"])
            if isUnpacked {
                name =
                    name.hasSuffix(".tgz") && name.utf8.count > 4
                    ? name.dropLast(4) + ".tar" : name.without([".gz", ".zst", ".zstd"])
            }
        }
        guard name != ".", name != "..", !name.isEmpty else { return nil }
        var safe = String(String.UnicodeScalarView(name.unicodeScalars.map(Self.safe)))
        if safe.hasPrefix(".") || safe.hasPrefix("-") { safe = "_" + safe.dropFirst() }
        return safe.utf8.count <= 255 ? safe : nil
    }

    private static func safe(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
            .unassigned:
            "_"
        default: scalar
        }
    }
}

extension String {
    /// The name without the first of these ends that it has, unless nothing else is left.
    fileprivate func without(_ ends: [String]) -> String {
        guard let end = ends.first(where: hasSuffix), end != self else { return self }
        return String(dropLast(end.count))
    }
}

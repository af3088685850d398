public import CivilTime

/// What keeps a version from being deleted.
public struct ObjectProtection: Hashable, Sendable {
    /// The modes of retention.
    public enum Mode: String, Sendable {
        /// Who has the permission may bypass it. Nothing here ever does.
        case governance = "GOVERNANCE"
        /// Nobody may.
        case compliance = "COMPLIANCE"
    }

    /// The mode of the retention; nil without retention.
    public var mode: Mode?
    /// The end of the retention, past or future; nil without retention.
    public var retainUntil: Timestamp?
    /// Whether there is a legal hold.
    public var hasLegalHold: Bool

    /// A protection.
    public init(mode: Mode? = nil, retainUntil: Timestamp? = nil, hasLegalHold: Bool = false) {
        self.mode = mode
        self.retainUntil = retainUntil
        self.hasLegalHold = hasLegalHold
    }

    /// Whether the version cannot be deleted at `moment`.
    public func holds(at moment: Timestamp) -> Bool {
        hasLegalHold || retainUntil.map { $0 > moment } ?? false
    }
}

/// What a bucket does with new versions.
public struct BucketLock: Hashable, Sendable {
    /// Whether Object Lock is on.
    public var isEnabled: Bool
    /// The retention that new versions get; nil for none.
    public var defaultMode: ObjectProtection.Mode?
    /// How long that retention lasts, as the bucket says it.
    public var defaultDays: Int?
    /// How long that retention lasts, as the bucket says it.
    public var defaultYears: Int?
}

extension Client {
    /// Retention and legal hold of a version; needs `s3:GetObjectRetention` and
    /// `s3:GetObjectLegalHold`. A bucket without Object Lock protects nothing.
    public func protection(
        of version: ObjectVersion, inBucket bucket: String
    ) throws(S3Error) -> ObjectProtection {
        var protection = try retention(of: version, inBucket: bucket)
        protection.hasLegalHold = try hasLegalHold(version, inBucket: bucket)
        return protection
    }

    /// The retention of a version.
    ///
    /// ```xml
    /// <Retention xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
    ///   <Mode>GOVERNANCE</Mode><RetainUntilDate>2027-01-01T00:00:00.000Z</RetainUntilDate>
    /// </Retention>
    /// ```
    public func retention(
        of version: ObjectVersion, inBucket bucket: String
    ) throws(S3Error) -> ObjectProtection {
        let operation = "GetObjectRetention"
        guard
            let tree = try lockDocument(
                .object(bucket: bucket, key: version.key), "retention", version.id, operation,
                root: "Retention")
        else { return ObjectProtection() }
        if tree.children.isEmpty { return ObjectProtection() }
        guard let mode = tree["Mode"].flatMap({ ObjectProtection.Mode(rawValue: $0.text) }),
            let end = tree["RetainUntilDate"].flatMap({ Timestamp(rfc3339: $0.text) })
        else {
            throw Fault(operation: operation, resource: .object(bucket: bucket, key: version.key))
                .error(.unacceptable, "InvalidAnswer", "a Retention without mode or date")
        }
        return ObjectProtection(mode: mode, retainUntil: end)
    }

    /// Whether a version has a legal hold.
    ///
    /// ```xml
    /// <LegalHold xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>ON</Status></LegalHold>
    /// ```
    public func hasLegalHold(
        _ version: ObjectVersion, inBucket bucket: String
    ) throws(S3Error) -> Bool {
        let operation = "GetObjectLegalHold"
        guard
            let tree = try lockDocument(
                .object(bucket: bucket, key: version.key), "legal-hold", version.id, operation,
                root: "LegalHold")
        else { return false }
        switch tree["Status"]?.text {
        case "ON": return true
        case "OFF", nil: return false
        default:
            throw Fault(operation: operation, resource: .object(bucket: bucket, key: version.key))
                .error(.unacceptable, "InvalidAnswer", "a LegalHold neither ON nor OFF")
        }
    }

    /// Whether a bucket locks versions; needs `s3:GetBucketObjectLockConfiguration`.
    ///
    /// ```xml
    /// <ObjectLockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
    ///   <ObjectLockEnabled>Enabled</ObjectLockEnabled>
    ///   <Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>30</Days></DefaultRetention></Rule>
    /// </ObjectLockConfiguration>
    /// ```
    public func lock(ofBucket bucket: String) throws(S3Error) -> BucketLock {
        guard
            let tree = try lockDocument(
                .bucket(bucket), "object-lock", nil, "GetObjectLockConfiguration",
                root: "ObjectLockConfiguration")
        else { return BucketLock(isEnabled: false) }
        let rule = tree["Rule"]?["DefaultRetention"]
        return BucketLock(
            isEnabled: tree["ObjectLockEnabled"]?.text == "Enabled",
            defaultMode: rule?["Mode"].flatMap { ObjectProtection.Mode(rawValue: $0.text) },
            defaultDays: rule?["Days"].flatMap { Int($0.text) },
            defaultYears: rule?["Years"].flatMap { Int($0.text) })
    }

    /// Asks for a document of Object Lock; nil where there is none to give.
    private func lockDocument(
        _ resource: Request.Resource, _ subresource: String, _ id: VersionID?, _ operation: String,
        root: String
    ) throws(S3Error) -> XMLTree? {
        var query = [QueryItem(subresource)]
        if let id { query.append(QueryItem("versionId", id.bytes)) }
        do throws(S3Error) {
            return try document(
                Request(.get, resource, query: query), operation: operation, roots: [root]
            ).tree
        } catch {
            if Client.codesOfNoLock.contains(error.code) { return nil }
            let isAboutLock = error.message.lowercased().contains("object lock")
            if error.code == "InvalidRequest", isAboutLock { return nil }
            throw error
        }
    }

    private static let codesOfNoLock: Set<String> = [
        "NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError",
        "ObjectLockConfigurationNotFound",
    ]
}

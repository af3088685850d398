/// What a bucket does by itself with what grows old: read, and written back with one rule more,
/// without losing a byte of what is not understood here.
public struct LifecycleConfiguration: Sendable, Hashable {
    /// One rule, as far as it is understood here.
    public struct Rule: Sendable, Hashable {
        /// `ID`; may be empty.
        public var id: String
        /// Whether it works.
        public var isEnabled: Bool
        /// The keys it is about begin so.
        public var prefix: String
        /// Whether it has further conditions: tags, sizes.
        public var isNarrower: Bool
        /// Days after which unfinished uploads are thrown away; nil for never.
        public var abortsUploadsAfterDays: Int?
        /// Whether it deletes or hides what is current.
        public var expiresCurrent: Bool
        /// Days after which versions that are not current are deleted; nil for never.
        public var expiresNoncurrentAfterDays: Int?
    }

    /// The rules in their order.
    public let rules: [Rule]
    /// The document as the server has it; empty without one.
    let document: [UInt8]
    /// `x-amz-transition-default-minimum-object-size`, which goes back as it came.
    let transitionMinimum: String?

    /// No rules.
    static let none = LifecycleConfiguration(rules: [], document: [], transitionMinimum: nil)

    init(rules: [Rule], document: [UInt8], transitionMinimum: String?) {
        self.rules = rules
        self.document = document
        self.transitionMinimum = transitionMinimum
    }

    /// After how many days unfinished uploads of every key that begins with `prefix` are thrown
    /// away; nil for never.
    public func abortsUploadsAfterDays(prefix: String) -> Int? {
        rules.filter { $0.isEnabled && !$0.isNarrower && prefix.utf8.starts(with: $0.prefix.utf8) }
            .compactMap(\.abortsUploadsAfterDays).min()
    }

    /// The same rules and one more, last: unfinished uploads of keys that begin with `prefix` are
    /// thrown away after so many days (1 or more).
    ///
    /// Throws for a document that has no place for it.
    public func abortingUploads(
        afterDays days: Int, prefix: String, id: String = "abort-unfinished-uploads"
    ) throws(RequestError) -> LifecycleConfiguration {
        precondition(days > 0)
        let rule = Rule(
            id: unusedID(id), isEnabled: true, prefix: prefix, isNarrower: false,
            abortsUploadsAfterDays: days, expiresCurrent: false)
        var body = XMLText()
        body.raw("<Rule>")
        body.element("ID", rule.id.utf8)
        body.raw("<Filter>")
        body.element("Prefix", prefix.utf8)
        body.raw("</Filter><Status>Enabled</Status><AbortIncompleteMultipartUpload>")
        body.element("DaysAfterInitiation", String(days).utf8)
        body.raw("</AbortIncompleteMultipartUpload></Rule>")
        let document = try document(with: body.bytes)
        guard let tree = try? XMLTree(document),
            LifecycleConfiguration.rules(of: tree) == rules + [rule]
        else { throw LifecycleConfiguration.unknownForm }
        return LifecycleConfiguration(
            rules: rules + [rule], document: document, transitionMinimum: transitionMinimum)
    }

    static func rules(of tree: XMLTree) -> [Rule] {
        tree.children.filter { $0.name == "Rule" }.map { Rule($0) }
    }

    private static let unknownForm = RequestError(
        subject: "lifecycle", message: "its document is written in an unknown way",
        hint: "add a rule that aborts unfinished uploads by hand")

    private func document(with rule: [UInt8]) throws(RequestError) -> [UInt8] {
        if rules.isEmpty {
            var start = XMLText()
            start.raw(
                #"<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">"#)
            return start.bytes + rule + Array("</LifecycleConfiguration>".utf8)
        }
        let end = Array("</LifecycleConfiguration".utf8)
        guard let place = document.indices.last(where: { document[$0...].starts(with: end) })
        else { throw LifecycleConfiguration.unknownForm }
        return document[..<place] + rule + document[place...]
    }

    /// S3 wants every id once.
    private func unusedID(_ id: String) -> String {
        let used = Set(rules.map(\.id))
        var number = 1
        while used.contains(number == 1 ? id : "\(id)-\(number)") { number += 1 }
        return number == 1 ? id : "\(id)-\(number)"
    }
}

extension LifecycleConfiguration.Rule {
    /// Reads a rule in either of its two forms.
    ///
    /// ```xml
    /// <Rule>
    ///   <ID>old</ID><Prefix>db/</Prefix><Status>Enabled</Status>
    ///   <NoncurrentVersionExpiration><NoncurrentDays>30</NoncurrentDays></NoncurrentVersionExpiration>
    /// </Rule>
    /// <Rule>
    ///   <ID>new</ID><Filter><And><Prefix>db/</Prefix><Tag>…</Tag></And></Filter>
    ///   <Status>Disabled</Status>
    ///   <AbortIncompleteMultipartUpload><DaysAfterInitiation>3</DaysAfterInitiation></AbortIncompleteMultipartUpload>
    /// </Rule>
    /// ```
    init(_ tree: XMLTree) {
        id = tree["ID"]?.text ?? ""
        isEnabled = tree["Status"]?.text == "Enabled"
        let conditions = tree["Filter"]?["And"] ?? tree["Filter"]
        prefix = (conditions?["Prefix"] ?? tree["Prefix"])?.text ?? ""
        isNarrower = conditions?.children.contains { $0.name != "Prefix" } ?? false
        abortsUploadsAfterDays = tree["AbortIncompleteMultipartUpload"]?["DaysAfterInitiation"]
            .flatMap { Int($0.text) }
        let expiration = tree["Expiration"]
        expiresCurrent = expiration?["Days"] != nil || expiration?["Date"] != nil
        expiresNoncurrentAfterDays = tree["NoncurrentVersionExpiration"]?["NoncurrentDays"]
            .flatMap { Int($0.text) }
    }
}

extension Client {
    /// What a bucket does by itself with what grows old; needs `s3:GetLifecycleConfiguration`.
    public func lifecycle(ofBucket bucket: String) throws(S3Error) -> LifecycleConfiguration {
        let found = try setting(
            "lifecycle", ofBucket: bucket, operation: "GetBucketLifecycleConfiguration",
            roots: ["LifecycleConfiguration"], codesOfNone: ["NoSuchLifecycleConfiguration"])
        guard let found else { return .none }
        return LifecycleConfiguration(
            rules: LifecycleConfiguration.rules(of: found.tree), document: found.bytes,
            transitionMinimum: found.answer[Client.transitionMinimum])
    }

    /// Replaces what a bucket does by itself with what grows old; needs
    /// `s3:PutLifecycleConfiguration`. A change by somebody else since `configuration` was read is
    /// lost: S3 has no way to tell.
    public func setLifecycle(
        _ configuration: LifecycleConfiguration, ofBucket bucket: String
    ) throws(S3Error) {
        precondition(!configuration.rules.isEmpty)
        let minimum = configuration.transitionMinimum
        try set(
            "lifecycle", ofBucket: bucket, operation: "PutBucketLifecycleConfiguration",
            configuration.document,
            headers: minimum.map { [Header(Client.transitionMinimum, $0)] } ?? [])
    }

    private static let transitionMinimum = "x-amz-transition-default-minimum-object-size"
}

import S3

extension Role {
    /// What is tried of the role, in order: what it stores comes first.
    func probes(on scratch: ScratchObject) -> [Probe] {
        let probes = Probes(scratch: scratch)
        switch self {
        case .uploader:
            return probes.store + probes.own(false) + probes.noListing
                + probes.deletion(version: false) + probes.marks + probes.foreign
                + probes.changesOfBucket
        case .pruner:
            return [probes.versions(true), probes.uploads(true)]
                + probes.settings(Self.settingsOfPruner) + probes.deletion(version: true)
                + [probes.abort] + probes.existing(false) + [probes.put] + probes.changesOfBucket
        case .restorer:
            return [probes.versions(true), probes.keys(true)]
                + probes.settings([("versioning", "s3:GetBucketVersioning")])
                + probes.existing(true) + [probes.put] + probes.deletion(version: false)
                + probes.changesOfBucket
        case .reporter:
            return [probes.versions(true), probes.uploads(true)]
                + probes.settings(Self.settingsOfPruner) + probes.existing(false) + [probes.put]
                + probes.deletion(version: false) + probes.changesOfBucket
        case .signer:
            return [probes.privatePut] + probes.own(true) + probes.noListing
                + probes.deletion(version: false) + [probes.publicPut] + probes.foreign
                + probes.changesOfBucket
        }
    }

    private static let settingsOfPruner = [
        ("versioning", "s3:GetBucketVersioning"), ("location", "s3:GetBucketLocation"),
        ("lifecycle", "s3:GetLifecycleConfiguration"),
        ("object-lock", "s3:GetBucketObjectLockConfiguration"),
    ]
}

/// The rights that are tried, in groups.
private struct Probes {
    let scratch: ScratchObject

    var store: [Probe] {
        [
            Probe("s3:PutObject", isExpected: true) { try scratch.put() },
            Probe("s3:AbortMultipartUpload", isExpected: true) { try scratch.beginAndAbort() },
        ]
    }

    var privatePut: Probe {
        Probe("s3:PutObject", "with the ACL \(scratch.usualACL)", isExpected: true) {
            try scratch.put(headers: [Header("x-amz-acl", scratch.usualACL)])
        }
    }

    var put: Probe {
        Probe("s3:PutObject", isExpected: false) { try scratch.putNothing() }
    }

    var publicPut: Probe {
        Probe("s3:PutObjectAcl", "public-read", isExpected: false) {
            try scratch.putNothing(headers: [Header("x-amz-acl", "public-read")])
        }
    }

    /// Reading what was stored a moment ago.
    func own(_ isExpected: Bool) -> [Probe] {
        [
            Probe("s3:GetObject", isExpected: isExpected) {
                guard scratch.isStored else { throw Probe.Unclear(reason: "nothing was stored") }
                try scratch.read(scratch.key)
            },
            Probe("s3:GetObjectVersion", isExpected: isExpected) {
                guard let id = scratch.stored else {
                    throw Probe.Unclear(reason: "no version is known")
                }
                try scratch.read(scratch.key, id)
            },
        ]
    }

    /// Reading what others stored.
    func existing(_ isExpected: Bool) -> [Probe] {
        let first: () throws -> ObjectVersion = {
            guard let version = try? scratch.anotherVersion() else {
                throw Probe.Unclear(reason: "no backup can be seen to try it on")
            }
            return version
        }
        return [
            Probe("s3:GetObject", isExpected: isExpected) { try scratch.read(first().key) },
            Probe("s3:GetObjectVersion", isExpected: isExpected) {
                let version = try first()
                try scratch.read(version.key, version.id)
            },
        ]
    }

    var noListing: [Probe] { [versions(false), keys(false), uploads(false)] }

    func versions(_ isExpected: Bool) -> Probe {
        Probe("s3:ListBucketVersions", isExpected: isExpected) {
            try scratch.list([QueryItem("versions")], limit: "max-keys", "ListObjectVersions")
        }
    }

    func keys(_ isExpected: Bool) -> Probe {
        Probe("s3:ListBucket", isExpected: isExpected) {
            try scratch.list([QueryItem("list-type", "2")], limit: "max-keys", "ListObjectsV2")
        }
    }

    func uploads(_ isExpected: Bool) -> Probe {
        Probe("s3:ListBucketMultipartUploads", isExpected: isExpected) {
            try scratch.list([QueryItem("uploads")], limit: "max-uploads", "ListMultipartUploads")
        }
    }

    func settings(_ settings: [(query: String, action: String)]) -> [Probe] {
        settings.map { setting in
            Probe(setting.action, isExpected: true) {
                try scratch.get(setting.query, String(setting.action.dropFirst(3)))
            }
        }
    }

    func deletion(version isExpected: Bool) -> [Probe] {
        [
            Probe("s3:DeleteObjectVersion", isExpected: isExpected) {
                try scratch.deleteNoVersion()
            },
            Probe("s3:DeleteObject", isExpected: false) { try scratch.deleteOnCondition() },
        ]
    }

    var abort: Probe {
        Probe("s3:AbortMultipartUpload", isExpected: true) { try scratch.abortNothing() }
    }

    /// What could lock a version, or show it to others.
    var marks: [Probe] {
        [
            Probe("s3:PutObjectAcl", isExpected: false) { try scratch.putSameACL() },
            publicPut,
            Probe("s3:PutObjectTagging", isExpected: false) { try scratch.putNoTags() },
            Probe("s3:PutObjectRetention", isExpected: false) { try scratch.putPastRetention() },
            Probe("s3:PutObjectLegalHold", isExpected: false) { try scratch.putNoLegalHold() },
        ]
    }

    /// Keys outside of the prefix.
    var foreign: [Probe] {
        guard let key = scratch.outsideKey else { return [] }
        return [
            Probe("s3:PutObject", "outside of the prefix", isExpected: false) {
                try scratch.putNothing(key: key)
            }
        ]
    }

    var changesOfBucket: [Probe] {
        [
            ("versioning", "s3:PutBucketVersioning"),
            ("lifecycle", "s3:PutLifecycleConfiguration"),
            ("policy", "s3:PutBucketPolicy"), ("acl", "s3:PutBucketAcl"),
        ].map { setting, action in
            Probe(action, isExpected: false) {
                try scratch.putNoSetting(setting, String(action.dropFirst(3)))
            }
        }
    }
}

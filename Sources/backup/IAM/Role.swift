import ArgumentParser

/// Who does what with the bucket. Each role has a policy of its own, and credentials of its own.
enum Role: String, ExpressibleByArgument, CaseIterable {
    /// A server: puts backups, and nothing else.
    case uploader
    /// s3prune: sees versions and deletes those that have expired, and never reads one.
    case pruner
    /// The administrator's machine: reads backups, and never writes.
    case restorer
    /// Monitoring: sees that backups arrive, and nothing of their content.
    case reporter
    /// Signs forms (grant) and URLs (presign) that others use.
    case signer

    /// The statements of the role's policy.
    var statements: [Statement] {
        switch self {
        case .uploader: [Self.put, Self.neverOfUploader, Self.neverShown]
        case .pruner:
            [
                Self.see(Self.settings + [Self.uploads]), Self.seeKeys(["s3:ListBucketVersions"]),
                Self.prune, Self.neverOfPruner,
            ]
        case .restorer:
            [
                Self.see(["s3:GetBucketVersioning", "s3:GetBucketLocation"]),
                Self.seeKeys(["s3:ListBucketVersions", "s3:ListBucket"]), Self.read,
            ]
        case .reporter:
            [
                Self.see(Self.settings + [Self.uploads] + Self.protection),
                Self.seeKeys(["s3:ListBucketVersions"]), Self.neverOfReporter,
            ]
        case .signer:
            [
                Self.signedUse, Self.privateOnly, Self.neverOfSigner, Self.neverShown,
                Self.noOldForms,
            ]
        }
    }
}

extension Role {
    private static let settings = [
        "s3:GetBucketVersioning", "s3:GetBucketObjectLockConfiguration",
        "s3:GetLifecycleConfiguration", "s3:GetBucketLocation",
    ]

    private static let protection = [
        "s3:GetEncryptionConfiguration", "s3:GetBucketPublicAccessBlock",
    ]

    /// A prefix cannot narrow it: AWS has no condition for that.
    private static let uploads = "s3:ListBucketMultipartUploads"

    private static let put = Statement(
        "PutBackups", .allow, ["s3:PutObject", "s3:AbortMultipartUpload"], .objects,
        condition: #"{"Bool": {"aws:SecureTransport": "true"}}"#)

    private static func see(_ actions: [String]) -> Statement {
        Statement("SeeSettings", .allow, actions, .bucket)
    }

    private static func seeKeys(_ actions: [String]) -> Statement {
        Statement("SeeVersions", .allow, actions, .bucket, isOfPrefix: true)
    }

    private static let prune = Statement(
        "DeleteExpiredVersions", .allow,
        [
            "s3:DeleteObjectVersion", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts",
            "s3:GetObjectRetention", "s3:GetObjectLegalHold",
        ], .objects)

    private static let read = Statement(
        "Read", .allow,
        ["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectRetention", "s3:RestoreObject"],
        .objects)

    private static let signedUse = Statement(
        "WhatIsSignedForOthers", .allow,
        ["s3:PutObject", "s3:GetObject", "s3:GetObjectVersion"], .objects)

    /// A form names an ACL, which AWS looks up as a right of its own.
    private static let privateOnly = Statement(
        "PrivateOnly", .allow, ["s3:PutObjectAcl"], .objects,
        condition: #"{"StringEquals": {"s3:x-amz-acl": "#
            + #"["private", "bucket-owner-full-control"]}}"#)

    /// AWS takes an ACL in a put for `s3:PutObjectAcl`, which is denied; others look at the put alone.
    private static let neverShown = Statement(
        "NeverShownToOthers", .deny, ["s3:PutObject"], .objects,
        condition: #"{"StringEquals": {"s3:x-amz-acl": "#
            + #"["public-read", "public-read-write", "authenticated-read"]}}"#)

    /// Milliseconds: seven days.
    private static let noOldForms = Statement(
        "FormsAtMostSevenDays", .deny, ["s3:PutObject"], .objects,
        condition: #"{"StringEquals": {"s3:authType": "POST"}, "#
            + #""NumericGreaterThan": {"s3:signatureAge": "604800000"}}"#)

    /// What changes a bucket's settings.
    private static let changesOfBucket = [
        "s3:PutBucket*", "s3:PutLifecycleConfiguration", "s3:PutReplicationConfiguration",
        "s3:PutEncryptionConfiguration", "s3:DeleteBucket*",
    ]

    /// What could keep s3prune from deleting, or give an object to others.
    private static let changesOfObject = [
        "s3:PutObjectVersionAcl", "s3:PutObjectTagging", "s3:PutObjectVersionTagging",
        "s3:PutObjectRetention", "s3:PutObjectLegalHold", "s3:BypassGovernanceRetention",
        "s3:ObjectOwnerOverrideToBucketOwner",
    ]

    private static let neverOfUploader = Statement(
        "NeverTheseEvenIfGrantedElsewhere", .deny,
        ["s3:GetObject*", "s3:List*", "s3:DeleteObject*", "s3:RestoreObject", "s3:PutObjectAcl"]
            + changesOfObject + changesOfBucket, .both)

    private static let neverOfPruner = Statement(
        "NoReadNoWriteNoBypass", .deny,
        [
            "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:BypassGovernanceRetention",
        ] + changesOfBucket, .both)

    private static let neverOfReporter = Statement(
        "NoContentNoChange", .deny,
        ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject*", "s3:DeleteObject*"]
            + changesOfBucket, .both)

    private static let neverOfSigner = Statement(
        "NeverTheseEvenIfGrantedElsewhere", .deny,
        ["s3:List*", "s3:DeleteObject*", "s3:RestoreObject"] + changesOfObject + changesOfBucket,
        .both)
}

import FaultServer
import Foundation
import Testing

extension EndToEnd {
    /// Delete markers under `--apply`, those of keys that hold nothing else among them.
    @Suite("delete markers under --apply")
    struct ApplyMarkerTests {
        private static func policy(_ bucket: String, _ orphans: String) -> String {
            "version: 1\nbucket: \(bucket)\nmin-age: 2d\nmin-versions: 1\nkeep-oldest: false\n"
                + "keep: { last: 1 }\nlimits: { max-delete: 100% }\n"
                + "delete-markers: { orphans: \(orphans) }\n"
        }

        private static func version(
            _ key: String, _ id: String, _ days: Double, isMarker: Bool = false
        ) -> PruneStore.Version {
            .init(key: key, id: id, daysOld: days, isMarker: isMarker)
        }

        private static let versions = [
            version("deleted", "d-m", 3, isMarker: true), version("deleted", "d-1", 4),
            version("deleted", "d-2", 5),
            version("gone", "g-m1", 5, isMarker: true), version("gone", "g-m2", 6, isMarker: true),
            version("gone", "g-m3", 7, isMarker: true),
            version("live", "l-1", 1), version("live", "l-m", 3, isMarker: true),
            version("live", "l-2", 4),
            version("young", "y-m1", 0.5, isMarker: true),
            version("young", "y-m2", 6, isMarker: true),
        ]

        @Test(
            "of a key that holds only old ones all go, the current one too, where the policy says so",
            arguments: ["remove", "keep"])
        func orphans(word: String) async throws {
            let rig = try PruneRig(PruneStore(["bkt": Self.versions]))
            let policy = try rig.program.policy(Self.policy("bkt", word))
            let outcome = try await rig.apply(policy: policy)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let gone = word == "remove" ? [] : ["g-m1", "g-m2", "g-m3"]
            #expect(rig.store.ids() == ["d-m", "d-1"] + gone + ["l-1", "y-m1", "y-m2"])
        }
    }
}

extension EndToEnd.WithCeph {
    @Suite(
        "delete markers and null versions on a Ceph RADOS Gateway",
        .enabled(if: TestServer.ceph != nil && TestServer.moto != nil, TestServer.howToStart))
    struct CephMarkerTests {
        /// The key and id of every version of a bucket, as boto3 sees them.
        private func pairs(_ server: TestServer, _ bucket: String) async throws -> Set<[String]> {
            Set(try await server.versions(in: bucket).map { [$0.key, $0.version_id] })
        }

        private func policy(_ bucket: String, _ more: String = "") -> String {
            "version: 1\nbucket: \(bucket)\nmin-age: 0\nmin-versions: 1\nkeep-oldest: false\n"
                + "keep: { last: 1 }\nlimits: { max-delete: 100% }\n" + more
        }

        @Test(
            "markers of a key that holds nothing else go with the policy's word, and boto3 agrees")
        func orphans() async throws {
            let ceph = try #require(TestServer.ceph)
            // Ceph makes no marker on top of a marker: real versions stand between them at first.
            let lines = (1...3).flatMap { day in
                ["put", "delete"].enumerated().flatMap { hour, verb in
                    ["gone", "live"].map { key in
                        "2026-11-0\(day)T0\(hour + 1):00:00Z\t\(verb)\t\(key)"
                            + (verb == "put" ? "\t9" : "")
                    }
                }
            }
            try await ceph.load(
                "prune-orphans", lines + ["2026-11-04T01:00:00Z\tput\tlive\t9"])
            _ = try await ceph.python(
                """
                s3 = test_servers.client("ceph")
                listed = s3.list_object_versions(Bucket="prune-orphans")
                for version in listed["Versions"]:
                    if version["Key"] == "gone":
                        s3.delete_object(
                            Bucket="prune-orphans", Key="gone", VersionId=version["VersionId"])
                """)
            let program = try Program(at: ceph, as: "pruner")
            #expect(try await pairs(ceph, "prune-orphans").filter { $0[0] == "gone" }.count == 3)
            #expect(try await pairs(ceph, "prune-orphans").count == 3 + 7)
            let keep = try program.policy(policy("prune-orphans"))
            let kept = try await program.s3prune(["--apply", "--yes", "--policy", keep])
            #expect(kept.status == 0, "\(kept.errorText)")
            #expect(try await pairs(ceph, "prune-orphans").filter { $0[0] == "gone" }.count == 3)
            let remove = try program.policy(
                policy("prune-orphans", "delete-markers: { orphans: remove }\n"))
            let outcome = try await program.s3prune(["--apply", "--yes", "--policy", remove])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let left = try await pairs(ceph, "prune-orphans")
            #expect(left.count == 1 && left.first?[0] == "live")
        }

        @Test("a null version and a null marker are deleted exactly", arguments: Server.allCases)
        func null(at server: Server) async throws {
            let server = try #require(server.started)
            // On moto a suspended deletion takes all versions of its key with it.
            let marker = server.name == "ceph"
            let made = try await server.python(
                """
                import time
                bucket = "prune-null"
                test_servers.create_bucket("\(server.name)", bucket, versioning=None)
                s3 = test_servers.client("\(server.name)")
                def set(status):
                    s3.put_bucket_versioning(
                        Bucket=bucket, VersioningConfiguration={"Status": status})
                for key in ["a", "b", "c"]:
                    s3.put_object(Bucket=bucket, Key=key, Body=b"null")
                    time.sleep(1.1)
                set("Enabled")
                if \(marker ? "True" : "False"):
                    set("Suspended")
                    s3.delete_object(Bucket=bucket, Key="b")
                    set("Enabled")
                    time.sleep(1.1)
                for key in ["a", "b"]:
                    print(key, s3.put_object(Bucket=bucket, Key=key, Body=b"new")["VersionId"])
                # A version of this very second is dated after the server's clock.
                time.sleep(1.5)
                """)
            let new = Set(made.lines.map { $0.split(separator: " ").map(String.init) })
            let before = try await pairs(server, "prune-null")
            #expect(before == new.union([["a", "null"], ["b", "null"], ["c", "null"]]))
            let program = try Program(at: server, as: "pruner")
            let outcome = try await program.s3prune([
                "--apply", "--yes", "--format", "json", "--policy",
                program.policy(policy("prune-null")),
            ])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(outcome.lines.last?.contains("\"deleted\":2,") == true, "\(outcome.text)")
            // What is current stays, though it is a null version.
            #expect(try await pairs(server, "prune-null") == new.union([["c", "null"]]))
        }
    }
}

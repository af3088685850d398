import FaultServer
import Foundation
import Testing

extension EndToEnd {
    /// What the system refuses, and what an upload takes of it.
    @Suite("backup upload, and what the system gives it")
    struct UploadSurroundingsTests {
        private let plain = ["--compression", "none"]

        @Test("standard input that fails in the middle is no end of it")
        func brokenInput() async throws {
            let rig = try await UploadRig()
            let reading = try await Preload(
                """
                ssize_t read(int descriptor, void *buffer, size_t count) {
                    static long taken;
                    if (descriptor == 0 && taken > 6000000) {
                        errno = EIO;
                        return -1;
                    }
                    ssize_t got = syscall(SYS_read, descriptor, buffer, count);
                    if (descriptor == 0 && got > 0) taken += got;
                    return got;
                }
                """)
            let outcome = try await rig.script(
                "\(noise) | LD_PRELOAD='\(reading.path)' upload", plain)
            #expect(outcome.status == 1, "\(outcome.errorText)")
            #expect(
                outcome.errorText.contains("standard input: read: input/output error"),
                "\(outcome.errorText)")
            #expect(rig.holdsNothing)
        }

        @Test("without any directory for gpg's files nothing is read or sent")
        func noDirectory() async throws {
            let rig = try await UploadRig()
            let full = try await Preload(
                "char *mkdtemp(char *template) { errno = ENOSPC; return NULL; }")
            rig.program.environment["LD_PRELOAD"] = full.path
            let mark = rig.program.home.path("mark")
            let outcome = try await rig.upload("touch \(mark); echo x")
            #expect(outcome.status == 1, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("no directory for gpg's files"))
            #expect(outcome.errorText.contains("no space left on device"))
            #expect(outcome.errorText.contains("hint: set TMPDIR"), "\(outcome.errorText)")
            #expect(!FileManager.default.fileExists(atPath: mark))
            #expect(rig.server.requests.isEmpty)
        }

        @Test("a child that keeps the output open after the command's end is not waited for")
        func keptOpen() async throws {
            let rig = try await UploadRig()
            let outcome = try await rig.upload("sleep 446 & echo x")
            #expect(outcome.status == 1, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("keeps its output open"), "\(outcome.errorText)")
            #expect(rig.holdsNothing)
            #expect(eventually { running("sleep 446").isEmpty })
        }

        /// `UPLOAD_MIB=20480` for more than any memory.
        private static let mebibytes =
            Int(ProcessInfo.processInfo.environment["UPLOAD_MIB"] ?? "") ?? 300

        @Test(
            "memory does not grow with the stream", .enabled(if: Command.isUnsanitized),
            arguments: ["gzip:1", "zstd", "none"])
        func memory(compression: String) async throws {
            let rig = try await UploadRig()
            let sink = try FaultServer(keepsBodies: false) { Self.accept($0) }
            rig.program.environment["AWS_ENDPOINT_URL_S3"] = sink.url
            let words = rig.words(
                // As fast as noise comes, and nothing makes it smaller.
                "openssl enc -aes-128-ctr -nosalt -pass pass:x -in /dev/zero 2>/dev/null "
                    + "| head -c \(Self.mebibytes << 20)",
                ["--compression", compression, "--concurrency", "4"])
            let (outcome, peak) = try await Command(
                program: "\(Places.products)/backup", arguments: words,
                environment: rig.program.environment
            ).runMeasured()
            #expect(outcome.status == 0, "\(outcome.errorText)")
            // Parts of 5 MiB: four in flight, one that is filled, and 64 MiB for all else.
            #expect(peak <= (5 * 5 + 64) << 10, "\(peak) KiB")
        }

        /// Confirms everything and keeps nothing.
        private static func accept(_ request: FaultServer.Received) -> FaultServer.Reply {
            let name = "<Bucket>bkt</Bucket><Key>db/shop.gpg</Key>"
            if request.query["uploads"] != nil {
                return .init(
                    text: "<InitiateMultipartUploadResult>\(name)<UploadId>u</UploadId>"
                        + "</InitiateMultipartUploadResult>")
            }
            if request.method == "PUT" {
                var reply = UploadStore.stored(request)
                reply.headers.append(("x-amz-version-id", "v1"))
                return reply
            }
            return .init(
                text: "<CompleteMultipartUploadResult>\(name)<ETag>\"x\"</ETag>"
                    + "</CompleteMultipartUploadResult>",
                headers: [("x-amz-version-id", "v1")])
        }
    }
}

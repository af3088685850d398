internal import Glibc
internal import S3
internal import Threads

/// The threads that send the parts of one upload, each over a connection of its own.
final class SenderCrew {
    let upload: OpenUpload
    private var threads: [pthread_t] = []

    init(
        upload: OpenUpload, clients: [Client], work: Monitor<PartWork>, halt: Cancellation,
        progress: @escaping @Sendable (Int64) -> Void
    ) {
        self.upload = upload
        for client in clients {
            let sender = Unmanaged.passRetained(
                Sender(
                    client: client, upload: upload, work: work, halt: halt, progress: progress))
            var thread = pthread_t()
            let code = pthread_create(
                &thread, nil,
                { context in
                    Unmanaged<Sender>.fromOpaque(context!).takeRetainedValue().run()
                    return nil
                }, sender.toOpaque())
            guard code == 0 else {
                sender.release()
                break
            }
            threads.append(thread)
        }
        if threads.isEmpty {
            work.change {
                $0.failed(
                    S3Error(
                        operation: "UploadPart", bucket: upload.bucket, key: upload.key,
                        cause: .request, code: "NoThread",
                        message: "the system gives no thread"))
            }
        }
    }

    /// Waits until every thread has ended.
    func join() {
        for thread in threads { pthread_join(thread, nil) }
        threads = []
    }
}

/// Sends one part after another; the client is this thread's alone.
private final class Sender: @unchecked Sendable {
    private let client: Client
    private let upload: OpenUpload
    private let work: Monitor<PartWork>
    private let halt: Cancellation
    private let progress: @Sendable (Int64) -> Void

    init(
        client: Client, upload: OpenUpload, work: Monitor<PartWork>, halt: Cancellation,
        progress: @escaping @Sendable (Int64) -> Void
    ) {
        self.client = client
        self.upload = upload
        self.work = work
        self.halt = halt
        self.progress = progress
    }

    func run() {
        while case .part(let number, let buffer) = work.await({ $0.turn() }) {
            do throws(S3Error) {
                let part = try client.uploadPart(number, of: upload, body: buffer.bytes)
                work.change { $0.sent(part, buffer) }
                progress(part.size)
            } catch {
                work.change { $0.failed(error) }
                // Whoever waits for input or for gpg notices, too.
                halt.cancel()
                return
            }
        }
    }
}

import Testing

/// The programs as they are built.
@Suite("end to end")
enum EndToEnd {
    /// One test after the other: the clock of the gateway's loader is at one time only.
    @Suite("with a Ceph RADOS Gateway", .serialized)
    enum WithCeph {}
}

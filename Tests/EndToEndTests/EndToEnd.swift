import Testing

/// The programs as they are built, one test after the other: each waits for processes, and the
/// loader's clock of the Ceph gateway can be at one time only.
@Suite("end to end", .serialized)
enum EndToEnd {}

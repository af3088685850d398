import Testing

@testable import BackupPipeline

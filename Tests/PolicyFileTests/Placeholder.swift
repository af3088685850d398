import Testing

@testable import PolicyFile

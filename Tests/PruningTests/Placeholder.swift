import Testing

@testable import Pruning

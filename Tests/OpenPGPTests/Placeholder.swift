import Testing

@testable import OpenPGP

import CivilTime
import S3
import Testing

@testable import Pruning

@Suite struct VersionSorterTests {
    /// What a test puts in; the bytes live as long as the value.
    private struct Row: Hashable {
        var key: String
        var id: String
        var second: Int64
        var isMarker = false
        var isLatest = false

        func append(to sorter: VersionSorter) throws {
            let fields = VersionFields(prefix: [])
            fields.reset(isMarker: isMarker)
            #expect(Array(key.utf8).withUnsafeBytes { fields.setKey($0) } == nil)
            #expect(Array(id.utf8).withUnsafeBytes { fields.setVersionID($0) } == nil)
            fields.isLatest = isLatest
            var version = fields.version
            version.modified = Timestamp(seconds: second)
            try sorter.append(version)
        }
    }

    /// Many versions of keys that begin alike, in a fixed disorder.
    private static let rows: [Row] = {
        var state: UInt64 = 42
        func draw(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        return (0..<5000).map { index in
            Row(
                key: "db/server-" + String(repeating: "é", count: Int(draw(4))) + "\(draw(9))",
                id: "v\(index)", second: Int64(draw(500)), isMarker: draw(5) == 0)
        }
    }()

    /// What the sorter must give, by the sort of the library, which is told the input's order.
    private static func expected(_ rows: [Row]) -> [String] {
        rows.enumerated().sorted { left, right in
            let (one, other) = (left.element, right.element)
            if one.key != other.key {
                return one.key.utf8.lexicographicallyPrecedes(other.key.utf8)
            }
            if one.second != other.second { return one.second > other.second }
            if one.isMarker != other.isMarker { return other.isMarker }
            return left.offset < right.offset
        }.map(\.element.id)
    }

    private func ids(_ sorted: SortedVersions) throws -> [String] {
        try sorted.lines().map { String($0.split(separator: " ")[1]) }
    }

    @Test(
        "versions come in order, in memory and from many runs of a file",
        arguments: [1 << 20, 100_000, 4096, 300])
    func sorts(memoryLimit: Int) throws {
        let sorter = VersionSorter(ties: .listed, memoryLimit: memoryLimit)
        for row in Self.rows { try row.append(to: sorter) }
        #expect(sorter.count == Self.rows.count)
        #expect(try ids(sorter.finish()) == Self.expected(Self.rows))
    }

    @Test("input that is in order stays one run", arguments: [1 << 20, 4096])
    func keepsOrder(memoryLimit: Int) throws {
        let rows = (0..<3000).map {
            Row(key: "k\($0 / 1000)", id: "v\($0)", second: Int64(10_000 - $0))
        }
        let sorter = VersionSorter(ties: .listed, memoryLimit: memoryLimit)
        for row in rows { try row.append(to: sorter) }
        #expect(sorter.runCount == (memoryLimit < 1 << 20 ? 1 : 0))
        #expect(try ids(sorter.finish()) == rows.map(\.id))
    }

    @Test("rows without an order are sorted the same whatever order they come in")
    func unlisted() throws {
        let rows = [
            Row(key: "k", id: "c", second: 7, isLatest: true),
            Row(key: "k", id: "a", second: 7), Row(key: "k", id: "b", second: 7),
            Row(key: "k", id: "A", second: 7, isMarker: true), Row(key: "k", id: "d", second: 8),
        ]
        for shift in rows.indices {
            let sorter = VersionSorter(ties: .unlisted, memoryLimit: 90)
            for row in rows[shift...] + rows[..<shift] { try row.append(to: sorter) }
            #expect(try ids(sorter.finish()) == ["d", "c", "a", "b", "A"])
        }
    }

    @Test("a sorter of nothing gives nothing")
    func empty() throws {
        let sorted = try VersionSorter(ties: .listed).finish()
        #expect(try sorted.nextPage() == nil)
    }
}

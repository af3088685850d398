import BackupPipeline
import CivilTime
import S3
import Testing

@Suite("which version is meant")
struct KeyHistoryTests {
    /// Versions of the days of November 2026: `m` is a marker, `*` the current one.
    private func history(_ days: String...) -> KeyHistory {
        KeyHistory(
            key: Array("k".utf8),
            listed: days.map { day in
                let number = Int(day.filter(\.isNumber))!
                return KeyHistory.Version(
                    id: VersionID("v" + day.filter { $0 != "*" })!, etag: "e", size: 1,
                    modified: moment(number), isLatest: day.contains("*"),
                    isMarker: day.contains("m"))
            })
    }

    private func moment(_ day: Int) -> Timestamp {
        Timestamp(rfc3339: "2026-11-\(day < 10 ? "0" : "")\(day)T03:00:00.5Z")!
    }

    private func code(_ body: () throws -> Void) -> VersionChoiceError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? VersionChoiceError)?.code
        }
    }

    @Test("the current one, in whatever order they are listed")
    func current() throws {
        for listed in [history("9*", "5", "1"), history("1", "9*", "5")] {
            let choice = try listed.current()
            #expect(choice.version.id == VersionID("v9") && choice.hiddenBy == nil)
        }
    }

    @Test("the server's word on which is current counts, not the date")
    func currentByFlag() throws {
        #expect(try history("9", "5*").current().version.id == VersionID("v5"))
    }

    @Test("below a delete marker the newest version, and the marker is named")
    func hidden() throws {
        let choice = try history("9m*", "7m", "5", "1").current()
        #expect(choice.version.id == VersionID("v5") && choice.hiddenBy?.id == VersionID("v9m"))
    }

    @Test("nothing is chosen where the server does not say which is current")
    func unclear() {
        #expect(code { _ = try history("9", "5").current() } == .noCurrent(count: 0))
        #expect(code { _ = try history("9*", "5*").current() } == .noCurrent(count: 2))
        #expect(code { _ = try history("9m*").current() } == .noVersion)
        #expect(code { _ = try KeyHistory(key: [1], listed: []).current() } == .noVersion)
    }

    @Test(
        "at a time, what was current then",
        arguments: [(1, "v1"), (4, "v1"), (5, "v5"), (8, "v5"), (9, "v9"), (20, "v9")])
    func at(day: Int, id: String) throws {
        let history = history("9*", "5", "1")
        #expect(try history.current(at: moment(day)).version.id == VersionID(id))
    }

    @Test("while a delete marker was current there was nothing, and the version before is named")
    func deleted() throws {
        let history = history("9*", "7m", "5", "1m")
        #expect(try history.current(at: moment(9)).version.id == VersionID("v9"))
        #expect(try history.current(at: moment(6)).version.id == VersionID("v5"))
        #expect(
            code { _ = try history.current(at: moment(8)) }
                == .deleted(at: moment(8), since: moment(7), before: history.versions[2]))
        #expect(
            code { _ = try history.current(at: moment(3)) }
                == .deleted(at: moment(3), since: moment(1), before: nil))
    }

    @Test("before the first version there was nothing")
    func tooEarly() {
        let history = history("9*", "5")
        #expect(
            code { _ = try history.current(at: moment(4)) }
                == .tooEarly(moment(4), oldest: history.versions[1]))
    }

    @Test("of two at the same instant the one listed first is the newer")
    func tie() throws {
        let history = history("5*", "5m", "4")
        #expect(try history.current(at: moment(6)).version.id == VersionID("v5"))
    }
}

import Console
import Foundation
import Testing

@testable import Pruning

@Suite struct HTMLReportTests {
    private func html(
        _ sample: Sample, detail: TextReport.Detail = .brief, isApplied: Bool = false
    ) throws -> String {
        let bytes = try sample.report {
            HTMLReport(output: $0, detail: detail, isApplied: isApplied)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("says the verdict, the table by rule, what goes and what stays until when")
    func parts() throws {
        var sample = Sample(
            policy: "keep-oldest: false\nkeep: { daily: 2 }\nhealth: { shrink-limit: 50% }\n")
        sample.add("db/a", nights: 5)
        sample.add("db/b", nights: 4, sizes: [1, 1000])
        let text = try html(sample)
        #expect(text.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">"))
        #expect(
            text.contains("<p class=\"verdict\">would delete 3 of 9 versions, 2.9 KiB; 1 problem<"))
        #expect(text.contains("<b>shrunk</b> <code>db/b</code><p>the newest version"))
        #expect(text.contains("<tr><td>**</td><td class=\"n\">2</td><td class=\"n\">9</td>"))
        #expect(text.contains("<h3><code>db/a</code> <small>3 versions, 2.9 KiB</small></h3>"))
        #expect(text.contains("<span class=\"why\">beyond daily 2</span>"))
        #expect(text.contains("<h3><code>db/a</code> <small>2 kept of 5</small></h3>"))
        #expect(text.contains("<span class=\"why\">daily 2026-06-29</span>"))
        #expect(text.contains("<time datetime=\"2026-07-01T00:00:00Z\">2026-07-01 00:00</time>"))
        #expect(text.contains("<td>2 versions held</td>"))
        #expect(try html(sample, isApplied: true).contains("to delete 3 of 9 versions"))
    }

    @Test("a brief report is cut and says how much is left out, a full one is whole")
    func cut() throws {
        var sample = Sample()
        for number in 1000..<2550 { sample.add("k\(number)", nights: 4) }
        let brief = try html(sample)
        #expect(brief.contains("… and 50 more keys (--verbose)"))
        #expect(brief.components(separatedBy: "<tr>").count < 9_100)
        let full = try html(sample, detail: .full)
        #expect(!full.contains("(--verbose)"))
        #expect(full.components(separatedBy: " kept of 4<").count == 1551)
    }

    @Test("the reports of several policies on one output are one document")
    func several() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let writer = try ByteWriter.file(path)
        for _ in 0..<2 {
            var sample = Sample()
            sample.add("a", nights: 3)
            _ = try sample.plan([HTMLReport(output: writer, detail: .brief)])
        }
        try writer.finish()
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.components(separatedBy: "<!DOCTYPE").count == 2)
        #expect(text.components(separatedBy: "<main>").count == 3)
    }

    @Test("nothing is written before the listing is complete")
    func incomplete() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        let writer = try ByteWriter.file(path)
        let report = HTMLReport(output: writer, detail: .brief)
        try report.begin(Sample().header(of: Sample().loadedPolicy()))
        #expect(writer.isUntouched)
    }
}

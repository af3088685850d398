import Foundation
import Testing

/// A plan as `--format json` prints it: one object a line.
struct Plan {
    /// The lines as they were printed.
    let lines: [String]
    let header: Header
    let versions: [Version]
    let problems: [Problem]
    let summary: Summary

    struct Header: Decodable {
        var schema: String
        var bucket: String
        var endpoint: String?
        var now: String
        var timezone: String
    }

    struct Version: Decodable {
        var key: String
        var version_id: String
        var last_modified: String
        var is_latest: Bool
        var delete_marker: Bool
        var rule: String?
        var action: String
        var reasons: [Reason]

        func isKept(by code: String) -> Bool {
            action == "keep" && reasons.contains { $0.code == code }
        }
    }

    struct Reason: Decodable {
        var code: String
        var period: String?
    }

    struct Problem: Decodable {
        var code: String
        var key: String?
    }

    struct Summary: Decodable {
        var keys: Int
        var versions: Int
        var keep: Int
        var delete: Int
        var hold: Int
        var refused: String?
    }

    /// Reads every line; a line of an unknown type, or one that is not JSON, is an error.
    init(_ outcome: Command.Outcome) throws {
        try self.init(lines: outcome.lines.map(String.init))
    }

    private init(lines: [String]) throws {
        struct Kind: Decodable { var type: String }
        let decoder = JSONDecoder()
        var header: [Header] = []
        var versions: [Version] = []
        var problems: [Problem] = []
        var summaries: [Summary] = []
        for line in lines {
            let data = Data(line.utf8)
            switch try decoder.decode(Kind.self, from: data).type {
            case "plan": header.append(try decoder.decode(Header.self, from: data))
            case "version": versions.append(try decoder.decode(Version.self, from: data))
            case "problem": problems.append(try decoder.decode(Problem.self, from: data))
            case "summary": summaries.append(try decoder.decode(Summary.self, from: data))
            case let other: throw UnknownType(type: other)
            }
        }
        self.lines = lines
        self.header = try #require(header.first, "no plan line")
        self.summary = try #require(summaries.first, "no summary line")
        try #require(header.count == 1 && summaries.count == 1)
        self.versions = versions
        self.problems = problems
    }

    struct UnknownType: Error {
        var type: String
    }

    /// All but the first line: what does not depend on where the listing came from.
    var body: ArraySlice<String> { lines.dropFirst() }
}

import Testing

@testable import S3

@Suite("the grammar of shared files")
struct SharedFileTests {
    static func parse(_ bytes: [UInt8]) throws -> SharedFile {
        try SharedFile(path: "/aws/file", bytes: Secret(bytes))
    }

    static func parse(_ text: String) throws -> SharedFile { try parse(Array(text.utf8)) }

    /// `title.name=value` of every property, nested ones as `title.outer.name=value`.
    static func flat(_ file: SharedFile) -> [String] {
        file.sections.flatMap { section in
            section.properties.flatMap { property in
                ["\(section.title).\(property.name)=\(file.text(property))"]
                    + property.nested.map {
                        "\(section.title).\(property.name).\($0.name)=\(file.text($0))"
                    }
            }
        }
    }

    struct Sample: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var text: String
        var flat: [String]
    }

    static let samples = [
        Sample(testDescription: "an empty file", text: "", flat: []),
        Sample(
            testDescription: "blank lines and comments",
            text: "\n  \n# one\n; two\n\t# three\n", flat: []),
        Sample(
            testDescription: "a section and a property", text: "[default]\nregion = eu-west-1\n",
            flat: ["default.region=eu-west-1"]),
        Sample(testDescription: "no line feed at the end", text: "[a]\nb=c", flat: ["a.b=c"]),
        Sample(
            testDescription: "carriage returns", text: "[a]\r\nb = c\r\n\r\n[d]\r\ne=f\r\n",
            flat: ["a.b=c", "d.e=f"]),
        Sample(testDescription: "a byte order mark", text: "\u{feff}[a]\nb=c\n", flat: ["a.b=c"]),
        Sample(
            testDescription: "white space everywhere", text: "[ profile \t x ]\nb\t =\t c d \n",
            flat: ["profile x.b=c d"]),
        Sample(
            testDescription: "names in any case", text: "[A]\nAWS_Region = EU\n",
            flat: ["A.aws_region=EU"]),
        Sample(
            testDescription: "equals signs in a value", text: "[a]\nb = c=d==\n",
            flat: ["a.b=c=d=="]),
        Sample(
            testDescription: "a comment after white space", text: "[a]\nb = c # d\ne = f\t; g\n",
            flat: ["a.b=c", "a.e=f"]),
        Sample(
            testDescription: "a comment mark without white space belongs to the value",
            text: "[a]\nb = c#d;e\n", flat: ["a.b=c#d;e"]),
        Sample(
            testDescription: "a value that is only a comment", text: "[a]\nb = # c\n",
            flat: ["a.b="]),
        Sample(
            testDescription: "a comment after a section", text: "[a] # b\nc=d\n[e];f\ng=h\n",
            flat: ["a.c=d", "e.g=h"]),
        Sample(
            testDescription: "an empty value", text: "[a]\nb =\nc = d\n",
            flat: ["a.b=", "a.c=d"]),
        Sample(
            testDescription: "a nested block",
            text: "[a]\ns3 =\n  addressing_style = path # why\n  max = 1\nregion = x\n",
            flat: ["a.s3=", "a.s3.addressing_style=path", "a.s3.max=1", "a.region=x"]),
        Sample(
            testDescription: "a nested block with comments and blank lines",
            text: "[a]\ns3 =\n\n  # c\n  x = 1\n\n  y = 2\n",
            flat: ["a.s3=", "a.s3.x=1", "a.s3.y=2"]),
        Sample(
            testDescription: "a value of several lines", text: "[a]\nb = c\n  d\n  e = f\ng = h\n",
            flat: ["a.b=c\nd\ne = f", "a.g=h"]),
        Sample(
            testDescription: "an indented section", text: "[a]\n  b = c\n  d = e\n[f]\n\tg = h\n",
            flat: ["a.b=c", "a.d=e", "f.g=h"]),
        Sample(
            testDescription: "an indented section with a nested block",
            text: "[a]\n  s3 =\n    x = 1\n  d = e\n", flat: ["a.s3=", "a.s3.x=1", "a.d=e"]),
        Sample(
            testDescription: "a section twice", text: "[a]\nb=1\n[c]\nd=2\n[a]\nb=3\n",
            flat: ["a.b=1", "c.d=2", "a.b=3"]),
        Sample(testDescription: "a bracket in a value", text: "[a]\nb = [c]\n", flat: ["a.b=[c]"]),
    ]

    @Test("is read:", arguments: samples)
    func reads(sample: Sample) throws {
        #expect(try SharedFileTests.flat(SharedFileTests.parse(sample.text)) == sample.flat)
    }

    @Test(
        "a bad line is named by its number and never quoted",
        arguments: [
            ("hunter2 = x\n", 1), ("[a\nb=hunter2\n", 1), ("[a] hunter2\n", 1), ("[]\n", 1),
            ("[ ]\n", 1), ("[a]\nhunter2\n", 2), ("[a]\n\n= hunter2\n", 3),
            ("[a]\r\nb=1\r\nhunter2\r\n", 3), ("[a]\ns3 =\n  hunter2\n", 3),
            ("  hunter2\n[a]\n", 1), ("[a]\nb = hunter2\0\n", 2), ("[a]\nb: hunter2\n", 2),
            ("\u{feff}hunter2\n", 1),
        ])
    func badLine(text: String, line: Int) throws {
        let error = #expect(throws: ConfigurationError.self) { try SharedFileTests.parse(text) }
        #expect(error?.subject == "/aws/file:\(line)")
        #expect(error.map { "\($0) \($0.hint ?? "")" }?.contains("hunter2") == false)
    }

    @Test("bytes that are not UTF-8 are no reason to stop")
    func notText() throws {
        let file = try SharedFileTests.parse([0x5b, 0x61, 0x5d, 0x0a, 0x62, 0x3d, 0xff, 0x0a])
        #expect(file.secret(file.sections[0].properties[0]).withBytes { Array($0) } == [0xff])
    }

    @Test("a secret is cut out of the file exactly")
    func secret() throws {
        let file = try SharedFileTests.parse("[a]\n b =  ab+/=  # no\n c = x\n   y\n")
        let secrets = file.sections[0].properties.map { file.secret($0).withBytes { Array($0) } }
        #expect(secrets == [Array("ab+/=".utf8), Array("x\ny".utf8)])
    }
}

import Foundation
import Testing

extension EndToEnd {
    @Suite("the policies that are examples")
    struct ExamplePolicyTests {
        static let folder = "\(Places.repository)/policies"

        static let examples = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
            .filter { $0.hasSuffix(".yaml") }.sorted()

        @Test("are at least four, and load")
        func load() async throws {
            #expect(Self.examples.count >= 4)
            let outcome = try await Program().s3prune(
                ["policy", "check"] + Self.examples.map { "\(Self.folder)/\($0)" })
            #expect(outcome.status == 0, "\(outcome.text)\(outcome.errorText)")
        }

        @Test("come with the schema that the program prints")
        func schema() async throws {
            let outcome = try await Program().s3prune(["policy", "schema"])
            let file = try Data(
                contentsOf: URL(fileURLWithPath: "\(Self.folder)/policy-v1.schema.json"))
            #expect(outcome.output == Array(file))
        }

        static let hasPython = FileManager.default.isExecutableFile(atPath: Places.python)

        /// Another reader of YAML and another judge of the schema.
        @Test(
            "are valid by the schema, as jsonschema and PyYAML see it",
            .enabled(if: hasPython, "scripts/python-environment makes .venv"), arguments: examples)
        func valid(example: String) async throws {
            let judge = """
                import json, sys, yaml, jsonschema
                class Loader(yaml.SafeLoader): pass
                Loader.yaml_implicit_resolvers = {
                    first: [(tag, expression) for tag, expression in resolvers
                            if tag != "tag:yaml.org,2002:timestamp"]
                    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}
                schema = json.load(open(sys.argv[1]))
                jsonschema.Draft202012Validator.check_schema(schema)
                policy = yaml.load(open(sys.argv[2]), Loader)
                jsonschema.validate(policy, schema, cls=jsonschema.Draft202012Validator)
                """
            let outcome = try await Command(
                program: Places.python,
                arguments: [
                    "-c", judge, "\(Self.folder)/policy-v1.schema.json",
                    "\(Self.folder)/\(example)",
                ]
            ).run()
            #expect(outcome.status == 0, "\(outcome.errorText)")
        }
    }
}

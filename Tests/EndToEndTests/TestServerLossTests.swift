import Foundation
import Testing

extension EndToEnd.WithCeph {
    /// Daemons of the test server that end in the middle of a run, which is not the programs' fault.
    @Suite(
        "a test server that ends meanwhile",
        .enabled(if: TestServer.ceph != nil, TestServer.howToStart))
    struct TestServerLossTests {
        let scratch: Scratch

        init() throws { scratch = try Scratch() }

        /// Runs Bash beside a Ceph of its own; `daemon NAME` is the process of one.
        private func besideCeph(_ script: String) async throws -> Command.Outcome {
            let daemon = """
                daemon() {
                    read -r pid _ < <(grep " $1\\$" "${TEST_CEPH_CONF%/*}/pids")
                    [ "$1" = osd ] || read -r pid <"/proc/$pid/task/$pid/children"
                    echo "$pid"
                }

                """
            return try await Command(
                program: Places.script("with-ceph"), arguments: ["bash", "-c", daemon + script],
                environment: ["PATH": "/usr/bin:/bin", "CEPH_ENDED": scratch.path("ended")]
            ).run()
        }

        private var ended: String {
            get throws { String(decoding: try scratch.read("ended"), as: UTF8.self) }
        }

        @Test("a gateway is started again, holds what it held, and its end is named")
        func gateway() async throws {
            let outcome = try await besideCeph(
                """
                python() { (cd \(Places.repository)/scripts && \(Places.python) -c "$1"); }
                python 'import test_servers; test_servers.create_bucket("ceph", "kept")'
                kill -KILL "$(daemon gateway)"
                while [ ! -e "${TEST_CEPH_CONF%/*}/ended" ]; do sleep 0.1; done
                until curl -s -o /dev/null "$TEST_CEPH_ENDPOINT/"; do sleep 0.1; done
                # Closed to strangers, and not unknown.
                curl -s -o /dev/null -w '%{http_code}' "$TEST_CEPH_ENDPOINT/kept"
                """)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(outcome.text == "403", "\(outcome.errorText)")
            #expect(try ended.contains(" gateway ended with status 137 and is started again\n"))
            #expect(outcome.errorText.contains("ceph: \(try ended)"), "\(outcome.errorText)")
        }

        @Test("without what was stored there is no going on: the run is ended, and why is named")
        func store() async throws {
            let outcome = try await besideCeph(
                #"kill -KILL "$(daemon osd)"; sleep 449; echo went on"#)
            #expect(outcome.status == 143, "\(outcome.errorText)")
            #expect(outcome.output.isEmpty)
            #expect(try ended.contains(" osd is gone, and with it what was stored"))
            #expect(outcome.errorText.contains("ceph: \(try ended)"), "\(outcome.errorText)")
        }

        /// Ceph 16 as it comes does not survive this (`rgw multi obj del max aio` in `ceph-up`).
        @Test("a gateway survives several who delete the same versions at once")
        func sameVersionsAtOnce() async throws {
            let program = """
                import concurrent.futures, os, test_servers
                test_servers.create_bucket("ceph", "at-once")
                clients = [test_servers.client("ceph") for _ in range(12)]
                threads = concurrent.futures.ThreadPoolExecutor(12)

                def put(i):
                    made = clients[i % 12].put_object(Bucket="at-once", Key="a", Body=b"")
                    return {"Key": "a", "VersionId": made["VersionId"]}

                versions = list(threads.map(put, range(200)))

                def delete(i):
                    order = versions[::-1] if i % 2 else versions
                    answer = clients[i].delete_objects(Bucket="at-once", Delete={"Objects": order})
                    return len(answer["Deleted"])

                assert set(threads.map(delete, range(12))) == {200}
                ended = os.path.dirname(os.environ["TEST_CEPH_CONF"]) + "/ended"
                assert not os.path.exists(ended), open(ended).read()
                """
            let path = try scratch.write("at-once.py", program)
            let outcome = try await besideCeph(
                "PYTHONPATH=\(Places.repository)/scripts \(Places.python) \(path)")
            #expect(outcome.status == 0, "\(outcome.errorText)")
        }

        /// Events as the test runner writes them, of these kinds and tests.
        @discardableResult
        private func events(_ all: [(kind: String, test: String?)]) throws -> String {
            let tests = ["one", "two", "three"].map { name in
                """
                {"kind":"test","payload":{"kind":"function","id":"\(id(name))"},"version":0}
                """
            }
            let records = all.map { kind, test in
                let of = test.map { ",\"testID\":\"\(id($0))\"" } ?? ""
                let issue = kind == "issueRecorded" ? ",\"issue\":{\"isKnown\":false}" : ""
                return """
                    {"kind":"event","payload":{"kind":"\(kind)"\(of)\(issue)},"version":0}
                    """
            }
            return try scratch.write("events", (tests + records).joined(separator: "\n"))
        }

        private func id(_ test: String) -> String { "T.Suite/\(test)()/File.swift:1:2" }

        private func again(_ options: [String]) async throws -> [String] {
            let outcome = try await Command(
                program: Places.script("failed-tests.py"),
                arguments: [scratch.path("events")] + options, environment: ["PATH": "/usr/bin"]
            ).run()
            #expect(outcome.status == (outcome.output.isEmpty ? 1 : 0), "\(outcome.errorText)")
            return outcome.lines.map(String.init)
        }

        @Test("who failed runs again, and after a loss also who had not ended")
        func runsAgain() async throws {
            let one = #"^T\.Suite/one\(\)"#
            let others = [#"^T\.Suite/two\(\)"#, #"^T\.Suite/three\(\)"#]
            let failed: [(kind: String, test: String?)] = [
                ("issueRecorded", "one"), ("testEnded", "one"),
            ]
            try events(
                failed + [("testEnded", "two"), ("testSkipped", "three"), ("runEnded", nil)])
            #expect(try await again([]) == [one])
            #expect(try await again(["--not-passed"]) == [one])

            // Broken off: nothing is said of the others, unless they are known to run again.
            let path = try events(failed)
            #expect(try await again([]) == [])
            #expect(try await again(["--not-passed"]) == [one] + others)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try scratch.write("events", text + "\n{\"kind\":\"ev")
            #expect(try await again(["--not-passed"]) == [one] + others)

            try events([("testEnded", "one"), ("testEnded", "two"), ("testEnded", "three")])
            #expect(try await again(["--not-passed"]) == [])
            try events([("issueRecorded", nil), ("issueRecorded", "one"), ("runEnded", nil)])
            #expect(try await again([]) == [])
            #expect(try await again(["--not-passed"]) == [])
        }
    }
}

#!/usr/bin/python3
"""failed-tests.py EVENTS [--not-passed]

Prints, a line each, the tests that the test runner's events (`swift test --event-stream-output-path`)
call failed, as expressions for `--filter`; with --not-passed those also that had not ended when the
run did. Exit code 1: there is none; or an issue belongs to no test; or, without --not-passed, the
run has not reached its end: running a few again would prove nothing.
"""
import json
import re
import sys


class Run:
    """What the events say of a run."""

    def __init__(self):
        self.functions, self.done, self.failed = {}, set(), {}
        self.is_whole, self.has_issue_of_no_test = False, False

    def take(self, record):
        payload = record["payload"]
        if record["kind"] == "test" and payload["kind"] == "function":
            self.functions[payload["id"]] = None
        if record["kind"] != "event":
            return
        test = payload.get("testID")
        if payload["kind"] in ("testEnded", "testSkipped"):
            self.done.add(test)
        self.is_whole = self.is_whole or payload["kind"] == "runEnded"
        issue = payload.get("issue")
        if issue and not issue.get("isKnown") and issue.get("severity", "error") == "error":
            # An issue of no test, of a suite's trait say, is nobody's to run again.
            if test is None:
                self.has_issue_of_no_test = True
            else:
                self.failed[test] = None

    def again(self, not_passed):
        if self.has_issue_of_no_test or not (self.is_whole or not_passed):
            return []
        rest = [test for test in self.functions if test not in self.done] if not_passed else []
        return list(self.failed | dict.fromkeys(rest))


def read(lines):
    run = Run()
    for line in lines:
        try:
            run.take(json.loads(line))
        except ValueError:
            break  # the line at which the run was ended
    return run


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["--not-passed"]):
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as events:
        tests = read(events).again(not_passed=len(sys.argv) == 3)
    if not tests:
        sys.exit(1)
    for test in tests:
        # What follows the function, its file and line, is no part of what a filter is held against.
        print("^" + re.escape(re.sub(r"/[^/]+\.swift:\d+:\d+$", "", test)))


if __name__ == "__main__":
    main()

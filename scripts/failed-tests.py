#!/usr/bin/python3
"""failed-tests.py EVENTS

Prints, a line each, the tests that the test runner's events (`swift test --event-stream-output-path`)
call failed, as expressions for `--filter`. Exit code 1: the run has not reached its end, or there is
no failed test in it, so that running a few again proves nothing.
"""
import json
import re
import sys


def failed(lines):
    """The tests in which an issue was recorded, in that order; None where the run broke off."""
    tests, ended = {}, False
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:
            return None
        if record["kind"] != "event":
            continue
        event = record["payload"]
        ended = ended or event["kind"] == "runEnded"
        issue = event.get("issue")
        if issue and not issue.get("isKnown") and issue.get("severity", "error") == "error":
            # An issue of no test, of a suite's trait say, is nobody's to run again.
            if "testID" not in event:
                return None
            tests[event["testID"]] = None
    return list(tests) if ended else None


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as events:
        tests = failed(events)
    if not tests:
        sys.exit(1)
    for test in tests:
        # What follows the function, its file and line, is no part of what a filter is held against.
        print("^" + re.escape(re.sub(r"/[^/]+\.swift:\d+:\d+$", "", test)))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Sends hostile HTTP/1 responses through a proxy and judges what a client gets.

    h1_responses.py --proxy PROGRAM [--reference haproxy] [--filter TEXT] [--verbose]

A scripted server answers each request with a response of h1_responses.tsv. The client asks for something harmless behind it on
the same connection, and then again on a new one; connections to the server are shared (http-reuse always). Responses with a
pause in them have the proxy for themselves, so that what comes behind the pause meets an idle connection: no proxy can tell it
from an answer when it comes in the middle of somebody else's request. For the same reason the second round, in which the
responses come in pieces of a few bytes, shares nothing. Everything the client gets is read by strict.py. A finding is: a response passed on that had to be
refused, or completed although it was not complete, bytes that are not a valid response, a response hidden in another one, and
a harmless request whose answer is not its own. With --reference what a second program does otherwise is listed; differences are
not findings. Exit status: 0 no finding, 1 findings, 2 could not run.
"""
import collections
import re
import sys
import time

import harness
import strict

Case = collections.namedtuple("Case", "id name verdict method then response")
Result = collections.namedtuple("Result", "status forwarded findings")
MODES = ["at once", "in pieces"]
MARK = re.compile(rb"case\d{4}x")


def read_cases(path):
    for n, (name, verdict, method, then, text) in harness.rows(path):
        ident = f"case{n:04d}x"
        yield Case(ident, name, verdict, method.encode(), then, harness.unescape(text).replace(b"@ID@", ident.encode()))


class Script(harness.Server):
    """Gives each case its response and everybody else an echo."""

    def __init__(self, cases, pieces):
        self.cases = {c.id.encode(): c for c in cases}
        self.pieces = pieces
        super().__init__()

    def serve(self, connection):
        connection.settimeout(20)
        data = b""
        while True:
            got = strict.request(data)
            while got is None:
                part = connection.recv(65536)
                if not part:
                    return
                data += part
                got = strict.request(data)
            data = data[got.end:]
            mark = MARK.search(got.target)
            case = mark and not got.target.startswith(b"/innocent") and self.cases.get(mark[0])
            if not case:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(got.target), got.target))
                continue
            for n, text in enumerate(case.response.split(b"@WAIT@")):
                if n:
                    time.sleep(0.05)
                step = max(5, len(text) // 80) if self.pieces else len(text) or 1
                for at in range(0, len(text), step):
                    connection.sendall(text[at:at + step])
                    if self.pieces:
                        time.sleep(0.0005)
            if case.then == "close":
                return


def read_answers(case, data):
    """(responses to the case, what comes behind them, what is wrong). The last response is the final one if it is complete."""
    out = []
    while data:
        try:
            got = strict.response(data, case.method, True)
        except strict.Broken as e:
            return out, b"", f"not a valid response: {e}"
        if got is None:
            return out, b"", ""
        out.append(got)
        data = data[got.end:]
        if got.status >= 200:
            return out, data, ""
        if got.status == 101:
            break
    return out, b"", ""


def judge(case, answer, again):
    findings = []
    own = b"/innocent" + case.id.encode()
    got, rest, wrong = read_answers(case, answer)
    if wrong:
        findings.append(wrong)
    final = got[-1] if got and got[-1].status >= 200 else None
    passed = any(b"x-mark" in r.head for r in got if r.status >= 200 or r.status == 101) or (not final and b"X-Mark" in answer)
    if any(b"x-smuggled" in r.head for r in got):
        findings.append("a hidden response came out")
    if case.verdict == "refuse" and (passed or (final and final.status < 500)):
        findings.append("passed on, had to be refused")
    if case.verdict == "refuse" and not final:
        findings.append("no answer instead of it")
    if case.verdict in ("cut", "short") and final and final.status < 500:
        findings.append("completed, had to be cut or refused")
    if rest and case.method != b"CONNECT":
        try:
            second = strict.response(rest, b"GET", True)
            if second is None or not (second.status == 200 and rest[second.head_end:second.end] == own and
                                      not rest[second.end:]):
                findings.append(f"the next answer on the connection is {rest[:80]!r}")
        except strict.Broken as e:
            findings.append(f"behind the answer: {e}")
    if not again.endswith(b"\r\n\r\n" + own):
        findings.append(f"the harmless client got {again[:80]!r}")
    return Result(str(final.status) if final else "-", passed, findings)


def run_mode(program, cases, mode, unsafe=False):
    results = run_some(program, [c for c in cases if b"@WAIT@" not in c.response], mode, unsafe)
    for case in cases:
        if case.id not in results:
            results |= run_some(program, [case], mode, unsafe)
    return results


def run_some(program, cases, mode, unsafe):
    pieces = mode == "in pieces"
    server = Script(cases, pieces)

    def send(proxy, case):
        target = b"/%s" if case.method != b"CONNECT" else b"%s.x:80"
        ident = case.id.encode()
        harmless = b"GET /innocent%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % ident
        host = b"%s.x:80" % ident if case.method == b"CONNECT" else b"x"
        first = b"%s %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (case.method, target % ident, host)
        alone = pieces or case.method == b"CONNECT" or b"@WAIT@" in case.response
        return proxy.send(first + (b"" if alone else harmless)), proxy.send(harmless)

    try:
        answers, deadly = harness.drive(
            lambda: harness.Proxy(program, server.port, f"http-reuse {'never' if pieces else 'always'}", unsafe), send, cases)
    finally:
        server.close()
    results = {case.id: judge(case, *answers[case.id]) for case in cases}
    for case in deadly:
        results[case.id].findings.append("the proxy died")
    return results


def main():
    options = harness.arguments(__doc__.split("\n")[0], "h1_responses.tsv")
    cases = [c for c in read_cases(options.cases) if not options.filter or options.filter in c.name]
    if options.lax:
        cases = [c for c in cases if c.verdict in ("refuse", "cut")]
    found, unseen, first = 0, 0, None
    for mode in MODES:
        results = run_mode(options.proxy, cases, mode, options.unsafe)
        first = first or results
        for case in cases:
            result = results[case.id]
            if options.lax:
                if not result.findings:
                    unseen += 1
                    print(f"NOT SEEN {case.name} ({mode})")
                continue
            if options.verbose:
                print(f"{mode}: {case.name}: {result.status}{' passed on' if result.forwarded else ''}")
            for finding in result.findings:
                found += 1
                print(f"FINDING {case.name} ({mode}): {finding} (answer {result.status})")
    if options.lax:
        print(f"{len(cases)} hostile responses passed on unread in {len(MODES)} ways, {unseen} not seen")
        return 1 if unseen or not cases else 0
    if options.reference:
        reference = run_mode(options.reference, cases, MODES[0])
        differ = harness.compare(cases, first, reference)
        print(f"{differ} of {len(cases)} responses end otherwise with the reference, which has "
              f"{sum(bool(r.findings) for r in reference.values())} responses with findings itself")
    print(f"{len(cases)} responses, {len(MODES)} ways, {found} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

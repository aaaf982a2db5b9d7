#!/usr/bin/env python3
"""Sends hostile HTTP/1 requests through a proxy and judges what comes out at the other end.

    h1_differential.py --proxy PROGRAM [--reference haproxy] [--filter TEXT] [--verbose]

The proxy stands in front of a recording server. Every request of h1_requests.tsv goes through it in four ways: in one packet;
in pieces of a few bytes; behind a good request on the same connection; and with server connections that are shared with
another client, who asks for something harmless at the same time. Everything the server receives is read by strict.py. A finding
is: anything forwarded of a request that had to be refused, bytes forwarded that are not a valid request, a request hidden
in another one, a mix of two clients' bytes, and an answer to the harmless client that is not his. With --reference the same
requests go through a second program, and what it does otherwise is listed; differences are not findings. Exit status: 0 no
finding, 1 findings, 2 could not run.
"""
import collections
import re
import socket
import sys

import harness
import strict

Case = collections.namedtuple("Case", "id name verdict request")
Result = collections.namedtuple("Result", "status forwarded findings")
Mode = collections.namedtuple("Mode", "name pieces before shared")
MODES = [Mode("at once", False, False, False), Mode("in pieces", True, False, False),
         Mode("pipelined", False, True, False), Mode("shared connections", False, False, True)]
MARK = re.compile(rb"case\d{4}x")


def read_cases(path):
    for n, (name, verdict, text) in harness.rows(path):
        ident = f"case{n:04d}x"
        yield Case(ident, name, verdict, harness.unescape(text).replace(b"@ID@", ident.encode()))


class Recorder(harness.Server):
    """Keeps what it receives and answers each complete request with its target. keep: serves more than one."""

    def __init__(self, keep):
        self.keep = keep
        self.streams = []
        super().__init__()

    def serve(self, connection):
        stream = bytearray()
        self.streams.append(stream)
        at, answering = 0, True
        while True:
            piece = connection.recv(65536)
            if not piece:
                return
            stream += piece
            while answering:
                try:
                    got = strict.request(bytes(stream[at:]))
                    target = got and got.target
                    answering = self.keep and (got is None or got.method != b"CONNECT")
                except strict.Broken:
                    got = b"\r\n\r\n" in stream[at:] or b"\n\n" in stream[at:] or None
                    target, answering = b"broken", False
                if got is None:
                    answering = True
                    break
                at += getattr(got, "end", 0)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n%s" % (
                    len(target), b"" if answering else b"Connection: close\r\n", target))
                if not answering:
                    connection.shutdown(socket.SHUT_WR)


Item = collections.namedtuple("Item", "kind data request")  # kind: request, partial, broken: ...


def take_apart(stream):
    """What a strict server makes of the bytes of one connection."""
    data, out = bytes(stream), []
    while data:
        try:
            got = strict.request(data)
        except strict.Broken as e:
            out.append(Item(f"not a valid request: {e}", data, None))
            break
        if got is None:
            out.append(Item("partial", data, None))
            break
        out.append(Item("request", data[:got.end], got))
        data = data[got.end:]
        if got.method == b"CONNECT":
            if b"/innocent" in data:
                out.append(Item("a tunnel was used for another client", data, None))
            break
    return out


def items_by_case(streams):
    out = collections.defaultdict(list)
    for stream in streams:
        before = set()
        for item in take_apart(stream):
            marks = set(MARK.findall(item.data)) or before
            before = marks
            for mark in marks:
                out[mark.decode()].append(item)
    return out


def strict_view(request):
    """What RFC 9112 makes of a request as the client sent it: the targets in it, and whether only a body is at fault."""
    # A fold may be replaced by blanks (RFC 9112 5.2).
    items = take_apart(re.sub(rb"(?<=[^\r\n])\r\n[ \t]+", b" ", request))
    targets = set()
    for item in items:
        if item.request:
            targets.add(item.request.target)
            if item.request.last:
                break
    try:
        head = strict.request_head(request)
    except strict.Broken:
        head = None
    return targets, head is not None and head[3] == "chunked"


def judge(case, mode, items, answer):
    findings = []
    targets, fault_in_body = strict_view(case.request)
    for item in items:
        if item.request is None and item.kind != "partial":
            findings.append(item.kind)
            continue
        target = item.request.target if item.request else b""
        if target.startswith((b"/innocent", b"/first")):
            continue
        if b"/innocent" in item.data:
            findings.append("another client's request was taken for a part of this one")
        if case.verdict == "refuse" and (item.kind == "request" or not fault_in_body):
            findings.append("forwarded, had to be refused" if item.kind == "request" else "forwarded in part")
        if b"smuggled" in target and target not in targets:
            findings.append("a hidden request came out")
    main, innocent = answer
    if mode.shared and not innocent.endswith(b"\r\n\r\n/innocent" + case.id.encode()):
        findings.append(f"the harmless client got {innocent[:60]!r}")
    return sorted(set(findings))


def status_of(case, mode, answer):
    """The status of the last answer to the case, "-" without one, "?" for what is no answer."""
    method = (re.match(rb"[A-Z]+", case.request) or [b"GET"])[0]
    status, data = "-", answer
    for m in ([b"GET"] if mode.before else []) + [method]:
        status = "-"
        while data:
            try:
                got = strict.response(data, m, True)
            except strict.Broken:
                return "?"
            if got is None:
                return "?"
            status, data = str(got.status), data[got.end:]
            if got.status >= 200:
                break
    return status


def run_mode(program, cases, mode, unsafe=False):
    recorder = Recorder(mode.shared)

    def start():
        return harness.Proxy(program, recorder.port, f"http-reuse {'always' if mode.shared else 'never'}", unsafe)

    def send(proxy, case):
        data = case.request
        if mode.before:
            data = b"GET /first HTTP/1.1\r\nHost: x\r\n\r\n" + data
        answer = proxy.send(data, max(5, len(data) // 80) if mode.pieces else 0)
        if not mode.shared:
            return answer, b""
        return answer, proxy.send(
            b"GET /innocent%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % case.id.encode())

    try:
        answers, deadly = harness.drive(start, send, cases)
        recorder.settle(5)
    finally:
        recorder.close()
    items = items_by_case(recorder.streams)
    results = {}
    for case in cases:
        mine = items[case.id]
        own = [i for i in mine if not (i.request and i.request.target.startswith(b"/innocent"))]
        results[case.id] = Result(status_of(case, mode, answers[case.id][0]), bool(own),
                                  judge(case, mode, mine, answers[case.id]))
        if case in deadly:
            results[case.id].findings.append("the proxy died")
    return results


def check_lax(cases, options):
    """The test of the oracle: in front of everything that passes unread, it has to object to every case but the allowed."""
    hostile = [c for c in cases if c.verdict == "refuse"]
    unseen = 0
    for mode in MODES:
        results = run_mode(options.proxy, hostile, mode)
        for case in hostile:
            if not results[case.id].findings:
                unseen += 1
                print(f"NOT SEEN {case.name} ({mode.name})")
    print(f"{len(hostile)} hostile requests passed on unread in {len(MODES)} ways, {unseen} not seen")
    return 1 if unseen or not hostile else 0


def main():
    options = harness.arguments(__doc__.split("\n")[0], "h1_requests.tsv")
    cases = [c for c in read_cases(options.cases) if not options.filter or options.filter in c.name]
    if options.lax:
        return check_lax(cases, options)
    found = 0
    first = None
    for mode in MODES:
        results = run_mode(options.proxy, cases, mode, options.unsafe)
        first = first or results
        for case in cases:
            if options.verbose:
                r = results[case.id]
                print(f"{mode.name}: {case.name}: {r.status}{' forwarded' if r.forwarded else ''}")
            for finding in results[case.id].findings:
                found += 1
                print(f"FINDING {case.name} ({mode.name}): {finding} (answer {results[case.id].status})")
    if options.reference:
        reference = run_mode(options.reference, cases, MODES[0])
        differ = harness.compare(cases, first, reference)
        print(f"{differ} of {len(cases)} requests end otherwise with the reference, which has "
              f"{sum(bool(r.findings) for r in reference.values())} requests with findings itself")
    print(f"{len(cases)} requests, {len(MODES)} ways, {found} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

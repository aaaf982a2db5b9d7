#!/usr/bin/env python3
"""Sends hostile HTTP/1 requests through a proxy and judges what comes out at the other end.

    h1_differential.py --proxy PROGRAM [--reference haproxy] [--verbose]

The proxy is started on an inherited socket (bind fd@N) in front of a recording server. Everything the server receives is read by
the strict parser below, which knows RFC 9112 and nothing else. A finding is: a request forwarded that had to be refused, bytes
forwarded that are not a valid request, or a request hidden in another one. With --reference the same requests go through a second
program, and answers that differ are listed; they are not findings. Exit status: 0 no finding, 1 findings, 2 could not run.
"""
import argparse
import collections
import concurrent.futures
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
REQUEST_LINE = re.compile(rb"(" + TOKEN + rb") ([\x21-\x22\x24-\x7e]+) HTTP/1\.[01]\Z")
FIELD = re.compile(rb"(" + TOKEN + rb"):[ \t]*(.*?)[ \t]*\Z", re.S)
HOST = re.compile(rb"(\[[0-9A-Za-z:.%_~-]+\]|[0-9A-Za-z\-._~%!$&'()*+,;=]*)(:[0-9]*)?\Z")
ABSOLUTE = re.compile(rb"[A-Za-z][A-Za-z0-9+\-.]*://([^/?#]*)")
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})\Z")  # a proxy drops extensions


class Broken(Exception):
    """What was received cannot be a request."""


class Strict:
    """One request of RFC 9112 from the front of some bytes. parse() gives (target, length) or None while bytes are missing."""

    @staticmethod
    def lines(data, start, what):
        """Lines up to the empty one; None while it is missing."""
        out = []
        while True:
            end = data.find(b"\n", start)
            if end < 0:
                return None
            if end == start or data[end - 1:end] != b"\r":
                raise Broken(f"bare LF in {what}")
            line = data[start:end - 1]
            start = end + 1
            if b"\r" in line:
                raise Broken(f"bare CR in {what}")
            if b"\0" in line:
                raise Broken(f"NUL in {what}")
            if not line:
                return out, start
            out.append(line)

    @staticmethod
    def fields(lines, what):
        out = collections.defaultdict(list)
        for line in lines:
            if line[:1] in (b" ", b"\t"):
                raise Broken(f"folded line in {what}")
            m = FIELD.match(line)
            if not m:
                raise Broken(f"not a field line in {what}: {line[:60]!r}")
            out[m[1].lower()].append(m[2])
        return out

    @staticmethod
    def parse(data):
        head = Strict.lines(data, 0, "head")
        if head is None:
            return None
        lines, pos = head
        if not lines:
            raise Broken("empty line before the request")
        m = REQUEST_LINE.match(lines[0])
        if not m:
            raise Broken(f"not a request line: {lines[0][:60]!r}")
        method, target = m[1], m[2]
        old = lines[0].endswith(b"1.0")
        fields = Strict.fields(lines[1:], "head")
        Strict.check_target(method, target, fields)
        coding, length = fields[b"transfer-encoding"], fields[b"content-length"]
        if coding:
            if length:
                raise Broken("both Content-Length and Transfer-Encoding")
            if old:
                raise Broken("Transfer-Encoding in HTTP/1.0")
            if len(coding) > 1 or coding[0].lower() != b"chunked":
                raise Broken(f"Transfer-Encoding {coding!r}")
            end = Strict.chunks(data, pos)
            return None if end is None else (target, end)
        if length:
            if len(length) > 1 or not re.fullmatch(rb"[0-9]+", length[0]):
                raise Broken(f"Content-Length {length!r}")
            end = pos + int(length[0])
            return (target, end) if len(data) >= end else None
        return target, pos

    @staticmethod
    def check_target(method, target, fields):
        hosts = fields[b"host"]
        if len(hosts) > 1:
            raise Broken("several Hosts")
        if hosts and not HOST.match(hosts[0]):
            raise Broken(f"Host {hosts[0]!r}")
        if method == b"CONNECT":
            if not re.fullmatch(rb"[^/?#@]+:[0-9]+", target):
                raise Broken(f"CONNECT target {target[:60]!r}")
        elif target == b"*":
            if method != b"OPTIONS":
                raise Broken("asterisk form without OPTIONS")
        elif target[:1] != b"/":
            m = ABSOLUTE.match(target)
            if not m:
                raise Broken(f"target {target[:60]!r}")
            if b"@" in m[1]:
                raise Broken("user part in the target")
            if not m[1]:
                raise Broken("empty host in the target")

    @staticmethod
    def chunks(data, pos):
        while True:
            end = data.find(b"\n", pos)
            if end < 0:
                return None
            if data[end - 1:end] != b"\r":
                raise Broken("bare LF behind a chunk size")
            m = CHUNK.match(data[pos:end - 1])
            if not m:
                raise Broken(f"chunk size {data[pos:end - 1][:40]!r}")
            size, pos = int(m[1], 16), end + 1
            if size == 0:
                trailers = Strict.lines(data, pos, "trailers")
                if trailers is None:
                    return None
                for name in Strict.fields(trailers[0], "trailers"):
                    if name in (b"content-length", b"transfer-encoding", b"host", b"connection", b"authorization"):
                        raise Broken(f"trailer {name.decode()}")
                return trailers[1]
            if len(data) < pos + size + 2:
                return None
            if data[pos + size:pos + size + 2] != b"\r\n":
                raise Broken("no CR LF behind chunk data")
            pos += size + 2


class Recorder:
    """A server that keeps what it receives, answers each complete request, and closes."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.socket.getsockname()[1]
        self.records = []
        self.open = 0
        self.changed = threading.Condition()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with self.changed:
                self.open += 1
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        data = b""
        answered = False
        connection.settimeout(3)
        try:
            while True:
                piece = connection.recv(65536)
                if not piece:
                    break
                data += piece
                if answered:
                    continue
                try:
                    complete = Strict.parse(data) is not None
                except Broken:
                    complete = b"\r\n\r\n" in data or b"\n\n" in data
                if complete:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
                    connection.shutdown(socket.SHUT_WR)
                    answered = True
        except OSError:
            pass
        connection.close()
        with self.changed:
            self.records.append(data)
            self.open -= 1
            self.changed.notify_all()

    def settle(self, seconds):
        deadline = time.monotonic() + seconds
        with self.changed:
            while self.open and time.monotonic() < deadline:
                self.changed.wait(deadline - time.monotonic())


class Proxy:
    def __init__(self, program, server_port, folder):
        listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = listener.getsockname()[1]
        path = os.path.join(folder, "proxy.cfg")
        with open(path, "w", encoding="ascii") as f:
            f.write(f"""
defaults
    mode http
    timeout connect 2s
    timeout client 700ms
    timeout server 3s
frontend front
    bind fd@{listener.fileno()}
    default_backend back
backend back
    http-reuse never
    server s 127.0.0.1:{server_port}
""")
        self.log = open(os.path.join(folder, "proxy.log"), "wb")
        self.process = subprocess.Popen([program, "-db", "-f", path], pass_fds=[listener.fileno()], stdout=self.log,
                                        stderr=self.log)
        listener.close()
        self.wait()

    def wait(self):
        """The socket listens from the start; the first answer tells that the proxy is there."""
        answer = self.send(b"GET /ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 10)
        if not answer.startswith(b"HTTP/1.1 200"):
            self.stop()
            raise SystemExit(f"the proxy does not answer: {answer[:100]!r}, see {self.log.name}")

    def send(self, request, seconds=2.5):
        answer = b""
        try:
            with socket.create_connection(("127.0.0.1", self.port)) as c:
                c.settimeout(seconds)
                c.sendall(request)
                while len(answer) < 1 << 20:
                    piece = c.recv(65536)
                    if not piece:
                        break
                    answer += piece
        except OSError:
            pass
        return answer

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def unescape(text):
    def one(m):
        e = m[1]
        return chr(int(e[1:], 16)) if e[0] == "x" else {"r": "\r", "n": "\n", "t": "\t", "0": "\0", "\\": "\\"}[e]

    return re.sub(r"\\(x[0-9a-f]{2}|[rnt0\\])", one, text).encode("latin1")


Case = collections.namedtuple("Case", "id name verdict request")
Result = collections.namedtuple("Result", "status forwarded findings")


def read_cases(path):
    with open(path, encoding="ascii") as f:
        for n, line in enumerate(f):
            name, verdict, text = line.rstrip("\n").split("\t")
            ident = f"case{n:04d}x"
            yield Case(ident, name, verdict, unescape(text).replace(b"@ID@", ident.encode()))


def judge(case, records):
    """Findings for one case from everything the server received that carries its mark."""
    findings = []
    mark = case.id.encode()
    mine = [r for r in records if mark in r]
    if mine and case.verdict == "refuse":
        # A head that went out before the fault was seen in the body is no request yet.
        whole = []
        for data in mine:
            try:
                whole.append(Strict.parse(data) is not None)
            except Broken:
                whole.append(True)
        if any(whole):
            findings.append("forwarded, had to be refused")
    for data in mine:
        rest = data
        while rest:
            try:
                got = Strict.parse(rest)
            except Broken as e:
                findings.append(f"not a valid request: {e}")
                break
            if got is None:
                break
            target, end = got
            if b"smuggled" in target and rest is not data:
                findings.append("a hidden request came out on the same connection")
            rest = rest[end:]
    return findings


def run(program, cases):
    """Results by case id, and the names of the cases that killed the proxy."""
    folder = tempfile.mkdtemp(prefix="h1diff")
    recorder = Recorder()
    proxy = Proxy(program, recorder.port, folder)
    answers = {}
    deadly = []
    try:
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            for start in range(0, len(cases), 48):
                batch = cases[start:start + 48]
                answers.update(zip((c.id for c in batch), pool.map(lambda c, p=proxy: p.send(c.request), batch)))
                if proxy.alive():
                    continue
                for case in batch:  # again, one by one, to know which
                    if not proxy.alive():
                        proxy.stop()
                        proxy = Proxy(program, recorder.port, folder)
                    answers[case.id] = proxy.send(case.request)
                    proxy.send(b"GET /again HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    if not proxy.alive():
                        deadly.append(case.name)
                if not proxy.alive():
                    proxy.stop()
                    proxy = Proxy(program, recorder.port, folder)
        recorder.settle(5)
    finally:
        proxy.stop()
        recorder.socket.close()
        shutil.rmtree(folder, ignore_errors=True)
    results = {}
    for case in cases:
        answer = answers[case.id]
        m = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
        status = m[1].decode() if m else ("-" if not answer else "?")
        forwarded = any(case.id.encode() in r for r in recorder.records)
        results[case.id] = Result(status, forwarded, judge(case, recorder.records))
    return results, deadly


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--proxy", required=True)
    parser.add_argument("--reference")
    parser.add_argument("--requests", default=os.path.join(here, "h1_requests.tsv"))
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    for program in filter(None, [options.proxy, options.reference]):
        if not shutil.which(program):
            print(f"{program}: not found", file=sys.stderr)
            return 2
    cases = list(read_cases(options.requests))
    results, deadly = run(options.proxy, cases)
    found = 0
    for case in cases:
        for finding in results[case.id].findings:
            found += 1
            print(f"FINDING {case.name}: {finding} (answer {results[case.id].status})")
    for name in deadly:
        found += 1
        print(f"FINDING {name}: the proxy died")
    if options.reference:
        reference, _ = run(options.reference, cases)
        differ = 0
        for case in cases:
            a, b = results[case.id], reference[case.id]
            if (a.status, a.forwarded) != (b.status, b.forwarded):
                differ += 1
                if options.verbose:
                    print(f"differs {case.name}: {a.status}{' forwarded' if a.forwarded else ''}, reference {b.status}"
                          f"{' forwarded' if b.forwarded else ''}")
        print(f"{differ} answers differ from the reference, which has "
              f"{sum(len(r.findings) for r in reference.values())} findings itself")
    print(f"{len(cases)} requests, {found} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

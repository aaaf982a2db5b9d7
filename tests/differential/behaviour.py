#!/usr/bin/env python3
"""Walks through the ends that a connection can take, with two programs, and compares whole answers and whole log lines.

    behaviour.py --proxy PROGRAM [--reference haproxy] [--filter TEXT] [--times] [--verbose]

Every scenario has a proxy, a server and a log receiver of its own. Differences that are meant stand in behaviour.tsv with their
reason; any other is a failure, and so is an explanation of a difference that is not there any more. Timers are compared only by
whether they ran, unless --times is given, which needs a quiet machine. Exit status: 0 no unexplained difference, 1 differences,
2 could not run.
"""
import argparse
import concurrent.futures
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

import harness

CONFIG = """
global
    log 127.0.0.1:{log} local0
    nbthread 1
defaults
    mode http
    log global
    option httplog
    timeout client 1s
    timeout server 1500ms
    timeout connect 500ms
    timeout http-request 800ms
    retries 1
frontend f
    bind fd@{web}
    timeout tarpit 400ms
    http-request deny if {{ path /deny }}
    http-request return status 200 content-type text/plain string hello if {{ path /ret }}
    http-request redirect location /there if {{ path /redir }}
    http-request tarpit if {{ path /tarpit }}
    use_backend refused if {{ path /refused }}
    use_backend none if {{ path /none }}
    use_backend q if {{ path_beg /q }}
    use_backend r2 if {{ path_beg /r2 }}
    default_backend b
backend b
    server s1 127.0.0.1:{server}
backend refused
    server r 127.0.0.1:1
backend none
backend q
    timeout queue 300ms
    server q1 127.0.0.1:{server} maxconn 1
backend r2
    balance roundrobin
    option redispatch 1
    server bad 127.0.0.1:1
    server good 127.0.0.1:{server}
listen t
    mode tcp
    option tcplog
    bind fd@{tcp}
    server s1 127.0.0.1:{server}
listen trefused
    mode tcp
    option tcplog
    bind fd@{refused}
    server s1 127.0.0.1:1
"""


def reset(c):
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Origin(harness.Server):
    """Answers by path: what it sends, and then closes, waits or goes on."""

    OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"
    CHUNK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    # path: (bytes, seconds to wait then, whether to close)
    SAY = {
        "/empty": (b"", 0, True),
        "/junk": (b"garbage\r\n\r\n", 0, True),
        "/slow": (b"", 3, True),
        "/half": (HALF, 0, True),
        "/halfslow": (HALF, 3, True),
        "/badchunk": (CHUNK + b"zz\r\nabc", 0.3, True),
        "/chunk": (CHUNK + b"3\r\nabc\r\n0\r\n\r\n", 0, False),
        "/close": (b"HTTP/1.1 200 OK\r\n\r\nabc", 0, True),
        "/304": (b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", 0, False),
        "/100": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 0, False),
        "/early": (b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n", 0.2, True),
        "/500": (b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", 0, False),
    }

    def serve(self, connection):
        connection.settimeout(10)
        data = b""
        while True:
            while b"\r\n\r\n" not in data:
                part = connection.recv(65536)
                if not part:
                    return
                data += part
            head, data = data.split(b"\r\n\r\n", 1)
            m = re.search(rb"content-length: (\d+)", head, re.I)
            length = int(m[1]) if m else 0
            words = head.split(b" ")
            if len(words) < 3:
                return
            path = words[1].split(b"?")[0].decode()
            if path == "/rst":
                reset(connection)
                return
            while path != "/early" and len(data) < length:
                part = connection.recv(65536)
                if not part:
                    return
                data += part
            data = data[length:]
            say, wait, close = self.SAY.get(path, (self.OK, 0, False))
            connection.sendall(say)
            time.sleep(wait)
            if close:
                return


class World:
    """One program with its server and its log receiver."""

    def __init__(self, program):
        self.folder = tempfile.mkdtemp(prefix="behaviour")
        self.origin = Origin()
        self.log = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.log.bind(("127.0.0.1", 0))
        listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
        self.web, self.tcp, self.refused = (s.getsockname()[1] for s in listeners)
        web, tcp, refused = (s.fileno() for s in listeners)
        path = os.path.join(self.folder, "proxy.cfg")
        with open(path, "w", encoding="ascii") as f:
            f.write(CONFIG.format(log=self.log.getsockname()[1], server=self.origin.port, web=web, tcp=tcp, refused=refused))
        self.errors = open(os.path.join(self.folder, "errors"), "wb")
        self.process = subprocess.Popen([program, "-db", "-f", path], pass_fds=[web, tcp, refused], stdout=self.errors,
                                        stderr=self.errors)
        for s in listeners:
            s.close()
        # The first request tells that it is there; its log line is taken away.
        if not self.send(get("/ret"), wait=10).startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"{program} does not answer")
        self.log.settimeout(5)
        self.log.recv(9999)

    def send(self, data, wait=4, port=None, shut=False, leave=None, rst=False):
        """All that comes back. shut: no more will follow from us; leave: goes away after so many seconds."""
        out = b""
        with socket.create_connection(("127.0.0.1", port or self.web)) as c:
            if data:
                c.sendall(data)
            if shut:
                c.shutdown(socket.SHUT_WR)
            if leave is not None:
                time.sleep(leave)
                if rst:
                    reset(c)
                return b""
            c.settimeout(wait)
            try:
                while part := c.recv(65536):
                    out += part
            except TimeoutError:
                out += b"<no end>"
            except OSError as e:
                out += b"<%s>" % type(e).__name__.encode()
        return out

    def busy(self, action):
        """With the only place of the server q1 taken for a while."""
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            other = pool.submit(self.send, b"POST /q HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\n")
            time.sleep(0.15)
            out = action()
            other.result()
        return out

    def lines(self, quiet):
        """Log lines until none has come for so many seconds."""
        out = []
        self.log.settimeout(quiet)
        try:
            while True:
                out.append(self.log.recv(9999).decode("latin1").strip())
        except TimeoutError:
            return out

    def stop(self):
        alive = self.process.poll() is None
        self.process.kill()
        self.process.wait()
        self.errors.close()
        self.origin.close()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        return alive


def get(path, extra="Connection: close\r\n"):
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n{extra}\r\n".encode()


def post(path, extra, body=b""):
    return f"POST {path} HTTP/1.1\r\nHost: x\r\n{extra}\r\n".encode() + body


CLOSE = "Connection: close\r\n"
TE = "Transfer-Encoding: chunked\r\n"
SCENARIOS = {
    "ok": lambda w: w.send(get("/")),
    "head": lambda w: w.send(b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
    "head of chunks": lambda w: w.send(b"HEAD /chunk HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
    "post": lambda w: w.send(post("/p", "Content-Length: 3\r\n" + CLOSE, b"abc")),
    "pipeline": lambda w: w.send(get("/a", "") + get("/b")),
    "HTTP/1.0": lambda w: w.send(b"GET / HTTP/1.0\r\n\r\n"),
    "early answer": lambda w: w.send(post("/early", "Content-Length: 100000\r\n", b"abc")),
    "bad field": lambda w: w.send(b"GET / HTTP/1.1\r\nbad header\r\n\r\n"),
    "large field": lambda w: w.send(get("/", "X: " + "a" * 20000 + "\r\n")),
    "length and chunks": lambda w: w.send(post("/p", "Content-Length: 3\r\n" + TE, b"0\r\n\r\n")),
    "chunks": lambda w: w.send(post("/chunk", TE + CLOSE, b"3\r\nabc\r\n0\r\n\r\n")),
    "bad chunk": lambda w: w.send(post("/p", TE + CLOSE, b"xyz\r\nabc\r\n0\r\n\r\n")),
    "expect": lambda w: w.send(post("/p", "Expect: 100-continue\r\nContent-Length: 3\r\n" + CLOSE, b"abc")),
    "nothing, close": lambda w: w.send(b"", leave=0.05),
    "nothing, timeout": lambda w: w.send(b""),
    "part of a head, timeout": lambda w: w.send(b"GET / HTTP/1.1\r\nHo"),
    "part of a head, close": lambda w: w.send(b"GET / HTTP/1.1\r\nHo", leave=0.05),
    "part of a head, half-close": lambda w: w.send(b"GET / HTTP/1.1\r\nHo", shut=True),
    "part of a body, timeout": lambda w: w.send(post("/p", "Content-Length: 10\r\n", b"abc")),
    "part of a body, close": lambda w: w.send(post("/p", "Content-Length: 10\r\n", b"abc"), leave=0.1),
    "close while the server thinks": lambda w: w.send(get("/slow"), leave=0.1),
    "reset while the server thinks": lambda w: w.send(get("/slow"), leave=0.1, rst=True),
    "reset in the answer": lambda w: w.send(get("/halfslow"), leave=0.2, rst=True),
    "idle, close": lambda w: w.send(get("/", ""), leave=0.2),
    "idle, timeout": lambda w: w.send(get("/", "")),
    "queue, timeout": lambda w: w.busy(lambda: w.send(get("/q"))),
    "queue, close": lambda w: w.busy(lambda: w.send(get("/q"), leave=0.1)),
    "tcp": lambda w: w.send(b"GET /close HTTP/1.0\r\n\r\n", port=w.tcp),
    "tcp refused": lambda w: w.send(b"x", port=w.refused),
    "tcp timeout": lambda w: w.send(b"GET /slow HTTP/1.0\r\n\r\n", port=w.tcp),
    "tcp reset by the server": lambda w: w.send(b"GET /rst HTTP/1.0\r\n\r\n", port=w.tcp),
    "tcp close": lambda w: w.send(b"", port=w.tcp, leave=0.1),
}
for PATH in ("deny", "ret", "redir", "tarpit", "refused", "none", "empty", "junk", "rst", "half", "halfslow", "badchunk", "chunk",
             "close", "304", "100", "500", "slow", "r2"):
    SCENARIOS["/" + PATH] = lambda w, path="/" + PATH: w.send(get(path))


def timers(text, exact):
    def one(value):
        plus, number = ("+", value[1:]) if value[0] == "+" else ("", value)
        if number == "-1" or not exact:
            return plus + ("-1" if number == "-1" else "t")
        return plus + str((int(number) + 30) // 100 * 100)

    return "/".join(one(v) for v in text.split("/"))


def plain(line, exact):
    """A log line without what differs from run to run."""
    m = re.match(r"<(\d+)>.*?: [0-9.]+:\d+ \[.*?\] (.*)", line, re.S)
    if not m:
        return re.sub(r"^(<\d+>)\w+ +\d+ [\d:]+ (\S+ )?(\S+?)\[\d+\]: ", r"\1", line)
    # "frontend backend/server TIMERS ..."
    text = re.sub(r"^(\S+ \S+ )(-?\d+(?:/[-+]?\d+)+)(?= )", lambda t: t[1] + timers(t[2], exact), m[2])
    return f"<{m[1]}>{text}"


def run(program, name, exact):
    world = World(program)
    try:
        answer = SCENARIOS[name](world)
        lines = world.lines(2.0 if "close" in name or "reset" in name or "timeout" in name else 0.4)
    finally:
        alive = world.stop()
    # Names of fields have no case; the reference writes those of its own answers in either.
    text = re.sub(r"^[A-Za-z-]+(?=:)", lambda m: m[0].lower(), answer.decode("latin1"), flags=re.M)
    return {"answer": text.replace("\r\n", "\\r\\n\n").splitlines() + ([] if alive else ["DIED"]),
            "log": sorted(plain(line, exact) for line in lines)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--proxy", required=True)
    parser.add_argument("--reference", default="haproxy")
    parser.add_argument("--explained", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "behaviour.tsv"))
    parser.add_argument("--filter")
    parser.add_argument("--times", action="store_true")
    parser.add_argument("--verbose", action="store_true", help="explained differences too")
    options = parser.parse_args()
    for program in (options.proxy, options.reference):
        if not shutil.which(program):
            print(f"{program}: not found", file=sys.stderr)
            return 2
    explained = {(name, what): why for _, (name, what, why) in harness.rows(options.explained)}
    names = [n for n in SCENARIOS if not options.filter or options.filter in n]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        jobs = [[pool.submit(run, p, n, options.times) for p in (options.proxy, options.reference)] for n in names]
        results = {n: [job.result() for job in pair] for n, pair in zip(names, jobs)}
    bad = meant = 0
    for name, (ours, theirs) in results.items():
        for what in ("answer", "log"):
            why = explained.get((name, what))
            if ours[what] == theirs[what]:
                if why:
                    bad += 1
                    print(f"{name}: {what}: the same, but explained: {why}")
                continue
            meant += bool(why)
            bad += not why
            if why and not options.verbose:
                continue
            print(f"{name}: {what}: {'differs: ' + why if why else 'DIFFERS'}")
            for label, lines in (("here", ours[what]), ("there", theirs[what])):
                print("\n".join(f"    {label:6} {line}" for line in lines or ["nothing"]))
    print(f"{len(names)} scenarios, {meant} differences explained, {bad} not")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

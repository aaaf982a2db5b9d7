"""What the differential tests share: the programs under test, tables of cases, and the report of differences."""
import argparse
import concurrent.futures
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time

TIMEOUT_CLIENT = 0.7  # of the proxies' configuration, seconds


class Proxy:
    """A program on an inherited socket in front of one server. `lines` are added to the backend."""

    def __init__(self, program, server_port, lines, unsafe=False):
        self.folder = tempfile.mkdtemp(prefix="h1diff")
        listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = listener.getsockname()[1]
        path = os.path.join(self.folder, "proxy.cfg")
        accept = "option accept-unsafe-violations-in-http-" if unsafe else ""
        with open(path, "w", encoding="ascii") as f:
            f.write(f"""
defaults
    mode http
    timeout connect 2s
    timeout client {int(TIMEOUT_CLIENT * 1000)}ms
    timeout server 1500ms
frontend front
    bind fd@{listener.fileno()}
    {accept and accept + "request"}
    default_backend back
backend back
    {accept and accept + "response"}
    {lines}
    server s 127.0.0.1:{server_port}
""")
        self.log = open(os.path.join(self.folder, "proxy.log"), "wb")
        self.process = subprocess.Popen([*program.split(" "), "-db", "-f", path], pass_fds=[listener.fileno()],
                                        stdout=self.log, stderr=self.log)
        listener.close()
        # The socket listens from the start; the first answer tells that the proxy is there.
        answer = self.send(b"GET /ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", seconds=10)
        if not answer.startswith(b"HTTP/1.1 200"):
            self.stop()
            raise SystemExit(f"{program} does not answer: {answer[:100]!r}")

    def send(self, data, piece=0, seconds=2.5):
        """What comes back until the end of the connection. piece: bytes per packet, 0 for all in one."""
        answer = b""
        try:
            with socket.create_connection(("127.0.0.1", self.port)) as c:
                c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                c.settimeout(seconds)
                try:
                    for at in range(0, len(data), piece or len(data)):
                        c.sendall(data[at:at + (piece or len(data))])
                        if piece:
                            time.sleep(0.0005)
                except OSError:
                    pass  # refused in the middle; there may be an answer all the same
                while len(answer) < 1 << 20:
                    part = c.recv(65536)
                    if not part:
                        break
                    answer += part
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
        shutil.rmtree(self.folder, ignore_errors=True)


class Server:
    """Accepts connections and gives each to serve(connection) in a thread of its own."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.socket.getsockname()[1]
        self.open = 0
        self.changed = threading.Condition()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(3)
            with self.changed:
                self.open += 1
            threading.Thread(target=self.run, args=(connection,), daemon=True).start()

    def run(self, connection):
        try:
            self.serve(connection)
        except OSError:
            pass
        connection.close()
        with self.changed:
            self.open -= 1
            self.changed.notify_all()

    def settle(self, seconds):
        """Waits for the end of all connections."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while self.open and time.monotonic() < deadline:
                self.changed.wait(deadline - time.monotonic())

    def close(self):
        self.socket.close()


def unescape(text):
    def one(m):
        e = m[1]
        return chr(int(e[1:], 16)) if e[0] == "x" else {"r": "\r", "n": "\n", "t": "\t", "0": "\0", "\\": "\\"}[e]

    return re.sub(r"\\(x[0-9a-f]{2}|[rnt0\\])", one, text).encode("latin1")


def escape(data):
    text = ""
    for byte in data if isinstance(data, bytes) else data.encode("latin1"):
        c = chr(byte)
        if c in "\\\r\n\t\0":
            text += {"\\": "\\\\", "\r": "\\r", "\n": "\\n", "\t": "\\t", "\0": "\\0"}[c]
        else:
            text += c if 0x20 <= byte < 0x7F else "\\x%02x" % byte
    return text


def rows(path):
    """Number and columns of every line of a table."""
    with open(path, encoding="ascii") as f:
        for n, line in enumerate(f):
            yield n, line.rstrip("\n").split("\t")


def drive(start, send, cases):
    """Sends all cases to the proxy that start() gives, many at a time. Returns answers by case and the cases it died of."""
    proxy = start()
    answers, deadly = {}, []
    try:
        with concurrent.futures.ThreadPoolExecutor(48) as pool:
            for at in range(0, len(cases), 96):
                batch = cases[at:at + 96]
                answers.update(zip((c.id for c in batch), pool.map(lambda c, p=proxy: send(p, c), batch)))
                if proxy.alive():
                    continue
                for case in batch:  # again, one by one, to know which
                    if not proxy.alive():
                        proxy.stop()
                        proxy = start()
                    answers[case.id] = send(proxy, case)
                    proxy.send(b"GET /again HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    if not proxy.alive():
                        deadly.append(case)
                if not proxy.alive():
                    proxy.stop()
                    proxy = start()
    finally:
        proxy.stop()
    return answers, deadly


def arguments(description, table):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--proxy", required=True, help="the program under test, and arguments that come before -f")
    parser.add_argument("--reference", help="a program to compare with")
    parser.add_argument("--cases", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), table))
    parser.add_argument("--filter", help="only cases whose name contains this")
    parser.add_argument("--lax", action="store_true",
                        help="the proxy passes everything on: succeed when every case that must be refused is a finding")
    parser.add_argument("--unsafe", action="store_true",
                        help="the proxy is told to accept unsafe violations, and so has to have findings")
    parser.add_argument("--verbose", action="store_true", help="every answer")
    options = parser.parse_args()
    for program in filter(None, [options.proxy, options.reference]):
        if not shutil.which(program.split(" ")[0]):
            print(f"{program}: not found", file=sys.stderr)
            sys.exit(2)
    return options


def compare(cases, ours, theirs):
    """Differences with the reference, grouped by what they mean. Results have .forwarded and .status."""
    groups = {}
    for case in cases:
        a, b = ours[case.id], theirs[case.id]
        if (a.status, a.forwarded) == (b.status, b.forwarded):
            continue
        if a.forwarded and not b.forwarded:
            kind = "passed on here, refused by the reference"
        elif b.forwarded and not a.forwarded:
            kind = "refused here, passed on by the reference"
        else:
            kind = f"{'passed on' if a.forwarded else 'refused'} by both, answered {a.status} here and {b.status} there"
        groups.setdefault(kind, []).append(case.name)
    for kind, names in sorted(groups.items()):
        print(f"{kind}: {len(names)}")
        print(textwrap.fill("; ".join(names), 118, initial_indent="    ", subsequent_indent="    "))
    return sum(len(names) for names in groups.values())

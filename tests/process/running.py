"""Runs the program for the tests of this folder: a configuration, its process, its sockets, and clients that count."""
import http.client
import mmap
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

PATIENCE = 20.0


def free_port():
    """A port that was free a moment ago, and that no connection of another test gets by chance: below the local range."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as f:
        end = int(f.read().split()[0])
    while True:
        port = random.randrange(10000, max(end, 20000))
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def sanitized(program):
    """Whether a sanitizer is built in: those need descriptors of their own to look at memory."""
    with open(program, "rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as m:
        return m.find(b"__ubsan_handle") >= 0 or m.find(b"__tsan_init") >= 0


def until(what, condition, patience=PATIENCE):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            if condition():
                return
        except (FileNotFoundError, ConnectionRefusedError):
            pass  # its socket is not there yet
        time.sleep(0.01)
    raise AssertionError("not in time: " + what)


def get(port, path="/", timeout=20.0):
    """Status and body of one request on a connection of its own."""
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        c.request("GET", path)
        r = c.getresponse()
        return r.status, r.read().decode()
    finally:
        c.close()


def ask(path, commands, timeout=60.0, and_leave=False):
    """The answer of a command socket. and_leave: says that nothing follows; a master's socket waits for more."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(timeout)
        s.connect(path)
        s.sendall(commands.encode() + b"\n")
        if and_leave:
            s.shutdown(socket.SHUT_WR)
        out = b""
        while True:
            piece = s.recv(65536)
            if not piece:
                return out.decode()
            out += piece


class Talk:
    """A session with a command socket, line by line."""

    def __init__(self, path, patience=PATIENCE):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(patience)
        self.socket.connect(path)

    def say(self, text):
        self.socket.sendall(text.encode())

    def hear(self, end):
        """Everything up to and with `end`, which has to be the last there is."""
        out = ""
        while not out.endswith(end):
            piece = self.socket.recv(65536).decode()
            if not piece:
                raise AssertionError(f"closed behind {out!r}")
            out += piece
        return out

    def ask(self, line, end):
        self.say(line + "\n")
        return self.hear(end)

    def closed(self):
        return self.socket.recv(65536) == b""


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
        return True
    except OSError:
        return False


def alive(pid):
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Folder:
    """A directory for configurations, sockets and output; removed at the end. public: other users may enter it, whatever
    folder tests have for temporary files."""

    def __init__(self, public=False):
        self.holder = tempfile.TemporaryDirectory(prefix="process-", dir="/tmp" if public else None)
        self.path = self.holder.name
        if public:
            os.chmod(self.path, 0o755)

    def file(self, name, text=None):
        path = os.path.join(self.path, name)
        if text is not None:
            with open(path + ".new", "w") as f:
                f.write(text)
            os.rename(path + ".new", path)
        return path


DEFAULTS = """
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
    timeout http-keep-alive 20s
"""


class Running:
    """One process of the program (or of another one); its standard error is kept."""

    def __init__(self, program, folder, *args, **popen):
        self.log = tempfile.TemporaryFile("w+")
        if popen.get("user"):
            # The build may lie where that user may not go.
            self.place = Folder(public=True)
            program = shutil.copy(program, self.place.path)
        self.process = subprocess.Popen([program, *args], stdout=self.log, stderr=self.log, cwd=folder.path, **popen)
        self.pid = self.process.pid

    def output(self):
        self.log.flush()
        fd = self.log.fileno()
        return os.pread(fd, os.fstat(fd).st_size, 0).decode(errors="replace")

    def says(self, pattern, patience=PATIENCE):
        until(f"{pattern!r} in:\n{self.output()}", lambda: re.search(pattern, self.output()), patience)

    def tell(self, signo):
        self.process.send_signal(signo)

    def wait(self, patience=PATIENCE):
        """Exit status as shells count it."""
        status = self.process.wait(patience)
        return status if status >= 0 else 128 - status

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


class Load:
    """Clients that send requests all the time and count what goes wrong: refused, reset, lost.

    keep_alive: many requests per connection, until the answer says close; a connection that closes while it is idle and
    has not taken the next request is the client's to open again, as RFC 9112 9.3.1 says, and is counted apart."""

    def __init__(self, port, clients, keep_alive):
        self.port, self.keep_alive = port, keep_alive
        self.requests = self.stale = 0
        self.failures = []
        self.stopping = False
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(clients)]
        for t in self.threads:
            t.start()

    def one(self, sock, request, fresh):
        try:
            sock.sendall(request)
            data = b""
            while b"\r\n\r\n" not in data:
                piece = sock.recv(65536)
                if not piece:
                    if not fresh and not data:
                        return None
                    raise OSError("closed after %d bytes" % len(data))
                data += piece
            head, body = data.split(b"\r\n\r\n", 1)
            length = int(re.search(rb"(?i)content-length: *(\d+)", head).group(1))
            while len(body) < length:
                piece = sock.recv(65536)
                if not piece:
                    raise OSError("body cut")
                body += piece
            if not head.startswith(b"HTTP/1.1 200"):
                raise OSError(head.split(b"\r\n")[0].decode())
            return head
        except (ConnectionResetError, BrokenPipeError):
            if fresh:
                raise
            return None

    def run(self):
        request = b"GET / HTTP/1.1\r\nHost: x\r\n" + (b"" if self.keep_alive else b"Connection: close\r\n") + b"\r\n"
        while not self.stopping:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=10) as s:
                    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    fresh = True
                    while not self.stopping:
                        head = self.one(s, request, fresh)
                        with self.lock:
                            if head is None:
                                self.stale += 1
                            else:
                                self.requests += 1
                        if head is None or not self.keep_alive or b"connection: close" in head.lower():
                            break
                        fresh = False
            except OSError as e:
                with self.lock:
                    self.failures.append(repr(e))

    def end(self):
        self.stopping = True
        for t in self.threads:
            t.join(15)
        return self

    def report(self, name):
        kinds = sorted(set(self.failures))
        return f"{name}: {self.requests} requests, {self.stale} on a connection just closed, " \
               f"{len(self.failures)} failed {kinds[:5] if kinds else ''}"


def main(tests):
    """Runs the functions; ends with how many passed and failed, and status 1 when one failed."""
    import argparse
    import traceback
    parser = argparse.ArgumentParser()
    parser.add_argument("--proxy", required=True, help="the program")
    parser.add_argument("--reference", default=shutil.which("haproxy"))
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    passed = failed = 0
    names = []
    for test in tests:
        if options.only not in test.__name__:
            continue
        folder = Folder()
        started = []

        def start(*args, program=options.proxy, **popen):
            started.append(Running(program, folder, *args, **popen))
            return started[-1]

        start.reference, start.program = options.reference, options.proxy
        begin = time.monotonic()
        try:
            test(start, folder)
            passed += 1
            print(f"ok    {test.__name__} ({time.monotonic() - begin:.1f} s)", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            names.append(test.__name__)
            print(f"FAIL  {test.__name__}", flush=True)
            traceback.print_exc()
            for p in started:
                said = [] if p.log.closed else p.output().splitlines()
                if len(said) > 30:
                    said = said[:10] + [f"... {len(said) - 30} lines"] + said[-20:]
                print(f"--- {p.process.args}\n" + "\n".join(said))
        finally:
            for p in started:
                p.end()
    if names:
        print("failed: " + ", ".join(names))
    print(f"{passed} passed, {failed} failed")
    raise SystemExit(1 if failed else 0)

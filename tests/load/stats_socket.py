#!/usr/bin/env python3
"""Mistreats the stats socket while the proxy serves, and looks whether anybody notices.

  tests/load/stats_socket.py PATH-TO-SLUICE

  - 10,000 connections to a socket that serves 20 at a time, half of them with half a command
  - 10,000 sessions at the same time, each with half a command first and the other half later
  - a line of 1 MiB, a payload of 1 MiB
  - 10,000 commands through one session
  - dumps of some thousand streams by clients that read slowly, or leave in the middle
  - changes of states, weights, addresses and limits meanwhile

Status 0: every request through the proxy was answered, and the socket answers at the end.
"""
import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time

CONNECTIONS = 10_000
STREAMS = 2_000


class Origin(threading.Thread):
    """Answers one request per connection."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            c, _ = self.listener.accept()
            try:
                c.settimeout(20)
                c.recv(65536)
                c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            except OSError:
                pass
            c.close()


failures = []
counted = {"requests": 0}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def connect(path):
    end = time.monotonic() + 30
    while True:
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(30)
        try:
            s.connect(path)
            return s
        except BlockingIOError:  # the kernel's queue is full
            s.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.005)


def ask(path, line):
    with connect(path) as s:
        s.sendall(line.encode() + b"\n")
        answer = b""
        while data := s.recv(65536):
            answer += data
        return answer.decode()


def load(port, stop):
    """One request per connection, one after the other."""
    while not stop.is_set():
        try:
            with socket.create_connection(("127.0.0.1", port), 20) as s:
                s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                answer = s.recv(4096)
                if not answer.startswith(b"HTTP/1.1 200"):
                    failures.append(answer[:60])
        except OSError as e:
            failures.append(repr(e))
        counted["requests"] += 1


def many_connections(path):
    kept, refused = [], 0
    for i in range(CONNECTIONS):
        s = socket.socket(socket.AF_UNIX)
        s.setblocking(False)
        try:
            s.connect(path)
            s.send(b"show info\n" if i % 2 else b"show in")
            kept.append(s)
        except OSError:
            refused += 1  # the kernel's queue is full: said at once
            s.close()
    for s in kept:
        s.close()
    return f"{len(kept)} connections, {refused} refused by the full queue"


def many_sessions(path):
    """All of them wait for the rest of their command while the others come and go."""
    sessions = []
    for _ in range(CONNECTIONS):
        s = connect(path)
        s.sendall(b"show ver")
        sessions.append(s)
    if not ask(path, "show version").strip():
        failures.append("no answer beside 10,000 sessions")
    answered = 0
    for s in sessions:
        s.sendall(b"sion\n")
    for s in sessions:
        answer = b""
        while data := s.recv(4096):
            answer += data
        answered += bool(answer.strip())
        s.close()
    if answered != CONNECTIONS:
        failures.append(f"{answered} of {CONNECTIONS} sessions answered")
    return f"{answered} sessions at the same time answered"


def large_input(path):
    for line in ("x" * (1 << 20), "set ssl cert a <<\n" + "x" * (1 << 20)):
        answer = ask_large(path, line)
        if "too large" not in answer:
            failures.append("large input: " + answer[:80])
    return "1 MiB refused"


def ask_large(path, text):
    answer = b""
    with connect(path) as s:
        try:
            s.sendall(text.encode() + b"\n\n")
        except OSError:
            pass  # it stopped reading: that is fine
        try:
            while data := s.recv(65536):
                answer += data
        except OSError:
            pass
    return answer.decode()


def many_commands(path):
    with connect(path) as s:
        sender = threading.Thread(target=lambda: s.sendall(b"prompt i\n" + b"get weight app/s1\n" * 10_000 + b"quit\n"))
        sender.start()
        answer = b""
        while data := s.recv(65536):
            answer += data
        sender.join()
    n = answer.count(b"(initial 1)")
    if n != 10_000:
        failures.append(f"{n} answers to 10,000 commands")
    return "10,000 commands answered"


def dumps(path, stop):
    """Slow readers, and clients that leave in the middle."""
    i = 0
    while not stop.is_set():
        i += 1
        try:
            with connect(path) as s:
                s.sendall(b"show sess all;show fd;show stat typed\n")
                s.recv(1000)
                if i % 3 == 0:
                    continue
                time.sleep(0.05)
                while s.recv(65536):
                    pass
        except OSError as e:
            failures.append("dump: " + repr(e))


def changes(path, stop):
    lines = ("set server app/s2 state maint", "set server app/s2 state ready", "set server app/s2 addr 127.0.0.1",
             "set server app/s2 addr 127.0.0.2", "set weight app/s2 50%", "set weight app/s2 100%",
             "set maxconn server app/s2 5", "set maxconn server app/s2 0", "set server app/s2 health down",
             "set server app/s2 health up", "clear counters all", "shutdown sessions server app/s2",
             "set profiling tasks on", "show profiling", "set profiling tasks off", "show activity", "show pools")
    i = 0
    while not stop.is_set():
        ask(path, lines[i % len(lines)])
        i += 1


def run(many):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 40_000), hard))
    directory = tempfile.mkdtemp(prefix="sluice-stats-")
    path, port = directory + "/s", free_port()
    back = Origin().port
    silent = socket.create_server(("127.0.0.1", 0), backlog=4096)  # connects, and never answers
    with open(directory + "/cfg", "w") as f:
        f.write(f"""
global
  nbthread 2
  maxconn 4000
  stats socket {path} level admin
  stats timeout {120 if many else 5}s
  stats maxconn {CONNECTIONS + 100 if many else 20}
defaults
  mode http
  timeout client 120s
  timeout server 120s
  timeout connect 5s
frontend www
  bind 127.0.0.1:{port}
  use_backend slow if {{ path /slow }}
  default_backend app
backend app
  balance roundrobin
  server s1 127.0.0.1:{back}
  server s2 127.0.0.2:{back}
backend slow
  server s1 127.0.0.1:{silent.getsockname()[1]}
""")
    proxy = subprocess.Popen([sys.argv[1], "-db", "-f", directory + "/cfg"], stderr=open(directory + "/err", "w"))
    stop = threading.Event()
    try:
        for _ in range(200):
            if os.path.exists(path):
                break
            time.sleep(0.05)
        slow = []
        for _ in range(STREAMS):
            s = socket.create_connection(("127.0.0.1", port))
            s.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            slow.append(s)
        ask(path, "set server app/s2 state maint")  # nothing listens on 127.0.0.2 for sure
        workers = [threading.Thread(target=load, args=(port, stop)) for _ in range(4)]
        for w in workers:
            w.start()
        if many:
            print(many_sessions(path))
            stop.set()
            for w in workers:
                w.join()
            return
        print(many_connections(path))
        print(large_input(path))
        print(many_commands(path))
        helpers = [threading.Thread(target=dumps, args=(path, stop)) for _ in range(4)]
        for w in helpers:
            w.start()
        time.sleep(5)
        stop.set()
        for w in workers + helpers:
            w.join()
        listed = ask(path, "show sess").count("fe=www")
        if listed != STREAMS:
            failures.append(f"{listed} of {STREAMS} streams listed")
        stop.clear()
        helpers = [threading.Thread(target=changes, args=(path, stop)) for _ in range(4)]
        for w in helpers:
            w.start()
        time.sleep(5)
        stop.set()
        for w in helpers:
            w.join()
        ask(path, "shutdown sessions server slow/s1")
        left = ask(path, "show sess").count("fe=www")
        if left:
            failures.append(f"{left} streams left after shutdown sessions")
        if not ask(path, "show version").strip():
            failures.append("no answer at the end")
        for s in slow:
            s.close()
    finally:
        stop.set()
        proxy.terminate()
        status = proxy.wait(20)
        if status not in (-15, 143):
            failures.append(f"ended with {status}")


def main():
    for many in (False, True):
        before = counted["requests"]
        run(many)
        if counted["requests"] - before < 10:
            failures.append("hardly any request meanwhile")
    print(f"{counted['requests']} requests, {len(failures)} failures")
    for f in failures[:10]:
        print("  ", f)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""What words of the configuration do to a running process: each scene fails when the word does nothing."""
import os
import socket
import stat
import threading
import time

from running import DEFAULTS, accepts, ask, free_port, main, until


def serving(start, folder, text, *args):
    """The process, once its stats socket answers."""
    path = folder.file("stats")
    if os.path.exists(path):
        os.unlink(path)
    p = start("-db", *args, "-f", folder.file("a.cfg", text))
    until("its stats socket", lambda: ask(path, "show info"))
    return p


def config(folder, words="", rest=""):
    return f"""
global
    stats socket {folder.file("stats")} level admin
    {words}
{DEFAULTS}
frontend fe
    bind 127.0.0.1:{free_port()}
{rest}
"""


def pollers(pid):
    out = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            out.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except FileNotFoundError:
            pass
    return [link for link in out if "eventpoll" in link]


def without_epoll(start, folder):
    assert pollers(serving(start, folder, config(folder)).pid), "nothing to switch off"
    assert not pollers(serving(start, folder, config(folder, "noepoll")).pid), "noepoll"
    assert not pollers(serving(start, folder, config(folder), "-de").pid), "-de"


def processors_of_threads(start, folder):
    ours = sorted(os.sched_getaffinity(0))
    if len(ours) < 2:
        print("one processor only: cpu-map not looked at")
        return
    a, b = ours[:2]
    p = serving(start, folder, config(folder, f"nbthread 2\n    cpu-map 1/1 {b}\n    cpu-map 1/2 {a}"))
    allowed = [os.sched_getaffinity(int(t)) for t in sorted(os.listdir(f"/proc/{p.pid}/task"), key=int)]
    assert {a} in allowed and {b} in allowed, allowed


def unix_bind(start, folder):
    prefix = os.path.join(folder.path, "sockets-")
    start("-db", "-f", folder.file("a.cfg", f"""
global
    unix-bind prefix {prefix} mode 640
{DEFAULTS}
frontend fe
    bind unix@one.sock
    bind unix@two.sock mode 600
    http-request return status 200
"""))
    until("its sockets", lambda: os.path.exists(prefix + "two.sock"))
    for name, mode in (("one.sock", 0o640), ("two.sock", 0o600)):
        assert stat.S_IMODE(os.stat(prefix + name).st_mode) == mode, name
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(prefix + name)
            s.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert b" 200 " in s.recv(4096)


def counters_of_running_streams(start, folder):
    """option contstats: what a connection has moved is in the counters while it is still there."""
    for word, counted in (("option contstats", True), ("no option contstats", False)):
        port = free_port()
        with socket.create_server(("127.0.0.1", 0)) as server:
            serving(start, folder, config(folder, rest=f"""
listen relay
    mode tcp
    {word}
    bind 127.0.0.1:{port}
    server s1 127.0.0.1:{server.getsockname()[1]}
"""))
            with socket.create_connection(("127.0.0.1", port), 10) as client:
                peer, _ = server.accept()
                with peer:
                    def bytes_in():
                        row = [line for line in ask(folder.file("stats"), "show stat").splitlines()
                               if line.startswith("relay,FRONTEND,")][0]
                        return int(row.split(",")[8])

                    for _ in range(2):
                        client.sendall(b"x" * 1000)
                        got = 0
                        while got < 1000:
                            got += len(peer.recv(1000 - got))
                        peer.sendall(b"y")
                        assert client.recv(1) == b"y"
                    if counted:
                        until("the bytes of a stream that runs", lambda: bytes_in() >= 1000)
                    else:
                        assert bytes_in() == 0


def spread_of_checks(start, folder):
    """spread-checks: some come early. Without it none can: an interval runs from the start of the last one."""
    times = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def accept():
            try:
                while len(times) < 60:
                    peer, _ = server.accept()
                    times.append(time.monotonic())
                    peer.close()
            except OSError:
                pass

        acceptor = threading.Thread(target=accept)
        acceptor.start()
        serving(start, folder, config(folder, "spread-checks 50", f"""
backend be
    server s1 127.0.0.1:{server.getsockname()[1]} check inter 200ms
"""))
        until("a check before its interval is over",
              lambda: any(b - a < 0.15 for a, b in zip(times, times[1:])))
        server.close()
        acceptor.join(25)


def a_silent_client_is_not_accepted(start, folder):
    """bind defer-accept: the kernel keeps a connection until its client speaks; "timeout http-request" does not see it."""
    plain, deferred = free_port(), free_port()
    start("-db", "-f", folder.file("a.cfg", f"""
{DEFAULTS}
    timeout http-request 100ms
frontend fe
    bind 127.0.0.1:{plain}
    bind 127.0.0.1:{deferred} defer-accept
    http-request return status 200
"""))
    until("serving", lambda: accepts(plain))
    with socket.create_connection(("127.0.0.1", deferred), 10) as d:
        for _ in range(2):  # twice the time that "d" had been given
            with socket.create_connection(("127.0.0.1", plain), 10) as s:
                assert b" 408 " in s.recv(4096)
        d.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b" 200 " in d.recv(4096), "its time ran before it spoke"


main([without_epoll, processors_of_threads, unix_bind, counters_of_running_streams, spread_of_checks,
      a_silent_client_is_not_accepted])

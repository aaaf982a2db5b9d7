#!/usr/bin/env python3
"""What signals do to a process without master: stop, soft stop, pause, resume, dumps; and its way into the background."""
import os
import signal
import socket
import threading
import time

from running import DEFAULTS, Load, accepts, alive, ask, free_port, get, main, until


def config(folder, port, extra_global="", extra=""):
    return folder.file("a.cfg", f"""
global
    nbthread 2
    stats socket {folder.file("stats")} level admin
    log stderr format raw local0
    {extra_global}
{DEFAULTS}
    log global
    {extra}
frontend fe
    bind 127.0.0.1:{port}
    bind {folder.file("fe.sock")}
    bind abns@signals-{os.getpid()}
    http-request return status 200 content-type text/plain string "hello" if {{ path / }}
    default_backend be
listen both
    bind 127.0.0.1:0
    server s1 127.0.0.1:9 disabled
backend be
    server s1 127.0.0.1:9
""")


def abstract(name):
    """abns@: the name with zeros up to the full length."""
    return ("\0" + name).ljust(108, "\0")


def abstract_free(name):
    with socket.socket(socket.AF_UNIX) as s:
        try:
            s.bind(abstract(name))
            return True
        except OSError:
            return False


def hard_stop(start, folder):
    for signo, status in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
        port = free_port()
        p = start("-db", "-f", config(folder, port))
        until("serving", lambda: accepts(port))
        p.tell(signo)
        assert p.wait() == status


def pause_and_resume(start, folder):
    port = free_port()
    name = f"signals-{os.getpid()}"
    p = start("-db", "-f", config(folder, port))
    until("serving", lambda: accepts(port))
    kept = socket.create_connection(("127.0.0.1", port))
    p.tell(signal.SIGTTOU)
    p.says(r"\[WARNING\] +\(\d+\) : Paused frontend fe\.\n")
    p.says(r"Paused proxy both\.")
    p.says(r"Paused frontend GLOBAL\.")
    p.says(r"(?m)^Paused frontend fe\.$")  # the log
    assert not accepts(port)
    until("abstract name is free", lambda: abstract_free(name))
    # Another process may bind the port meanwhile, even without SO_REUSEPORT.
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
    kept.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert kept.recv(4096).startswith(b"HTTP/1.1 200"), "connections that are there go on"
    p.tell(signal.SIGTTIN)
    p.says(r"Resumed frontend fe\.")
    p.says(r"Resumed proxy both\.")
    p.says(r"Resumed frontend GLOBAL\.")
    for _ in range(20):
        assert get(port) == (200, "hello")
    until("abstract name is taken again", lambda: not abstract_free(name))
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(abstract(name))
        s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert s.recv(4096).startswith(b"HTTP/1.1 200")


def dumps(start, folder):
    port = free_port()
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind(folder.file("log"))
    log.settimeout(10)
    p = start("-db", "-f", config(folder, port, extra=f"log {folder.file('log')} local1 notice"))
    until("serving", lambda: accepts(port))
    p.tell(signal.SIGHUP)
    # To the log of each proxy, too.
    heard = ""
    while "Proxy be has 1 active servers" not in heard:
        heard += log.recv(4096).decode() + "\n"
    for text in ("SIGHUP: Server both/s1 is DOWN.", "SIGHUP: Proxy fe has no servers.", "SIGHUP: Server be/s1 is UP."):
        assert text in heard, heard
    p.says(r"SIGHUP received, dumping servers states\.")
    p.says(r"SIGHUP: Proxy fe has no servers\. Conn: act\(FE\+BE\): \d+\+0, 0 pend \(0 unass\), tot\(FE\+BE\): \d+\+0\.")
    p.says(r"SIGHUP: Server both/s1 is DOWN\. Conn: 0 act, 0 pend, 0 tot\.")
    p.says(r"SIGHUP: Proxy both has no server available ! Conn: ")
    p.says(r"SIGHUP: Server be/s1 is UP\. Conn: 0 act, 0 pend, 0 tot\.")
    p.says(r"SIGHUP: Proxy be has 1 active servers and 0 backup servers available\. Conn: ")
    p.tell(signal.SIGQUIT)
    p.says(r"Dumping pools usage\. Use SIGQUIT to flush them\.")
    p.says(r"- Pool session \(\d+ bytes(/\d+)?\) : \d+ allocated")
    p.says(r"Total: \d+ pools, \d+ bytes allocated, \d+ used\.")


def soft_stop(start, folder):
    port = free_port()
    p = start("-db", "-f", config(folder, port))
    until("serving", lambda: accepts(port))
    idle = socket.create_connection(("127.0.0.1", port))
    idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    first = idle.recv(4096).lower()
    answered = time.monotonic()
    assert b"connection: close" not in first
    p.tell(signal.SIGUSR1)
    p.says(r"Proxy fe stopped \(cumulated conns: FE: \d+, BE: 0\)\.")
    p.says(r"Proxy both stopped \(cumulated conns: FE: 0, BE: 0\)\.")
    p.says(r"Proxy be stopped")
    p.says(r"Proxy GLOBAL stopped")
    assert not accepts(port)
    # A moment after its last answer a connection still has its next request answered, with the news; a second later it is
    # closed, which a slow machine may reach first.
    idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = idle.recv(4096).lower()
    if answer or time.monotonic() - answered < 0.9:
        assert answer.startswith(b"http/1.1 200") and b"connection: close" in answer, answer
    assert p.wait() == 0


def soft_stop_closes_idle(start, folder):
    port = free_port()
    p = start("-db", "-f", config(folder, port))
    until("serving", lambda: accepts(port))
    idle = socket.create_connection(("127.0.0.1", port))
    idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    idle.recv(4096)
    p.tell(signal.SIGUSR1)
    assert p.wait(10) == 0
    assert idle.recv(1) == b""


def idle_close_on_response(start, folder):
    port = free_port()
    p = start("-db", "-f", config(folder, port, extra="option idle-close-on-response"))
    until("serving", lambda: accepts(port))
    idle = socket.create_connection(("127.0.0.1", port))
    idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    idle.recv(4096)
    p.tell(signal.SIGUSR1)
    time.sleep(2.5)
    idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = idle.recv(4096).lower()
    assert answer.startswith(b"http/1.1 200") and b"connection: close" in answer, answer
    assert p.wait() == 0


def close_spread_infinite_and_hard_stop_after(start, folder):
    port = free_port()
    p = start("-db", "-f", config(folder, port, "close-spread-time infinite\n    hard-stop-after 3s"))
    until("serving", lambda: accepts(port))
    idle = socket.create_connection(("127.0.0.1", port))
    for _ in range(3):
        idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"connection: close" not in idle.recv(4096).lower()
        p.tell(signal.SIGUSR1)
        p.says("Proxy fe stopped")
    begin = time.monotonic()
    assert p.wait(10) == 0
    assert time.monotonic() - begin > 1.0
    assert "soft-stop running for too long, performing a hard-stop." in p.output()
    assert "Proxy fe hard-stopped (1 remaining conns will be closed)." in p.output()


def close_spread_time(start, folder):
    """Idle connections end one after the other, not all at once."""
    port = free_port()
    p = start("-db", "-f", config(folder, port, "close-spread-time 4s"))
    until("serving", lambda: accepts(port))
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
    for s in idle:
        s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        s.recv(4096)
    p.tell(signal.SIGUSR1)
    begin = time.monotonic()
    ends = []
    for s in idle:
        s.settimeout(10)
    while len(ends) < len(idle):
        for s in idle:
            try:
                if s.fileno() >= 0 and s.recv(1, socket.MSG_DONTWAIT) == b"":
                    ends.append(time.monotonic() - begin)
                    s.close()
            except BlockingIOError:
                pass
        time.sleep(0.01)
        assert time.monotonic() - begin < 30
    # Far less than the spread: a machine that is busy with other things closes many of them late and together.
    assert max(ends) - min(ends) > 0.1, ends
    assert p.wait() == 0


def grace(start, folder):
    port = free_port()
    p = start("-db", "-f", config(folder, port, "grace 2s"))
    until("serving", lambda: accepts(port))
    p.tell(signal.SIGUSR1)
    begin = time.monotonic()
    until("announced", lambda: "Stopping: 1" in ask(folder.file("stats"), "show info"))
    assert get(port) == (200, "hello")
    assert p.wait() == 0
    assert time.monotonic() - begin > 1.5


def daemon(start, folder):
    port = free_port()
    pidfile = folder.file("pid")
    p = start("-D", "-p", pidfile, "-f", config(folder, port))
    assert p.wait() == 0
    # The command has returned: it serves.
    assert get(port) == (200, "hello")
    with open(pidfile) as f:
        pid = int(f.read())
    assert pid != p.pid and alive(pid)
    assert os.getsid(pid) == pid
    assert os.readlink(f"/proc/{pid}/fd/2") == "/dev/null"
    # The keyword does the same, -sf ends the one before, and its address in use is no obstacle.
    q = start("-p", pidfile, "-f", config(folder, port, "daemon"), "-sf", str(pid))
    assert q.wait() == 0
    until("the old one has gone", lambda: not alive(pid))
    with open(pidfile) as f:
        second = int(f.read())
    assert get(port) == (200, "hello")
    # An address that stays taken: the status says so, and the old one serves on.
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        r = start("-D", "-f", config(folder, other.getsockname()[1]), "-st", str(second))
        assert r.wait() == 1
        assert "Address already in use" in r.output()
        assert "held by" in r.output(), r.output()
    until("resumed", lambda: accepts(port))
    # The dead in a list are no obstacle either.
    s = start("-db", "-f", config(folder, port), "-st", str(pid), str(second))
    until("the old one has gone", lambda: not alive(second))
    assert get(port) == (200, "hello")
    s.tell(signal.SIGTERM)
    assert s.wait() == 143


def pause_for_noreuseport(start, folder):
    """Both without SO_REUSEPORT: the new process asks the old one to let go of the port."""
    port = free_port()
    p = start("-db", "-dR", "-f", config(folder, port))
    until("serving", lambda: accepts(port))
    q = start("-db", "-dR", "-f", config(folder, port), "-sf", str(p.pid))
    assert p.wait() == 0
    assert "Paused frontend fe." in p.output()
    assert get(port) == (200, "hello")
    q.tell(signal.SIGTERM)
    assert q.wait() == 143


def capabilities(start, folder):
    if os.getuid() != 0:
        return
    port = free_port()
    p = start("-db", "-f", config(folder, port, "setcap cap_net_bind_service,cap_net_raw\n    uid 65534\n    gid 65534"))
    until("serving", lambda: accepts(port))

    def look():
        with open(f"/proc/{p.pid}/status") as f:
            return dict(line.split(":", 1) for line in f)

    # The sockets are there before the rights are given up.
    until("rights are given up", lambda: look()["Uid"].split() == ["65534"] * 4)
    until("capabilities are set", lambda: look()["NoNewPrivs"].strip() == "1")
    status = look()
    for name in ("CapEff", "CapPrm"):
        assert int(status[name], 16) == 1 << 10 | 1 << 13, status[name]


def pid_file_not_writable(start, folder):
    p = start("-db", "-p", folder.file("nowhere/pid"), "-f", config(folder, free_port()))
    assert p.wait() == 1
    assert "Cannot create pidfile" in p.output()


def load_over_soft_stops(start, folder):
    """Each process is replaced by the next with -sf, without handing sockets over: nothing refused, reset or lost."""
    port = free_port()
    p = start("-db", "-f", config(folder, port))
    until("serving", lambda: accepts(port))
    kept, single = Load(port, 4, True), Load(port, 4, False)
    for _ in range(5):
        q = start("-db", "-f", config(folder, port), "-sf", str(p.pid))
        assert p.wait() == 0
        p = q
    kept.end(), single.end()
    print(kept.report("keep-alive"), single.report("single"), sep="\n")
    assert not kept.failures and not kept.stale and not single.failures
    assert kept.requests > 10 and single.requests > 10


def load_over_pauses(start, folder):
    """Two processes on one port; one lets go of it and takes it back again and again: nothing refused, reset or lost."""
    port = free_port()
    p = start("-db", "-f", config(folder, port))
    until("serving", lambda: accepts(port))
    q = start("-db", "-f", folder.file("b.cfg", f"""
global
    nbthread 1
{DEFAULTS}
frontend fe
    bind 127.0.0.1:{port}
    http-request return status 200 content-type text/plain string "hello"
"""))
    q.says("Automatically setting")
    time.sleep(0.3)
    kept, single = Load(port, 4, True), Load(port, 4, False)
    for i in range(1, 11):
        seen = single.requests
        until("clients come through", lambda: single.requests > seen + 20)
        p.tell(signal.SIGTTOU)
        until("paused", lambda: p.output().count("[WARNING]") and len(p.output().split("Paused frontend GLOBAL.")) > i)
        p.tell(signal.SIGTTIN)
        until("resumed", lambda: len(p.output().split("Resumed frontend GLOBAL.")) > i)
    kept.end(), single.end()
    print(kept.report("keep-alive"), single.report("single"), sep="\n")
    assert not kept.failures and not kept.stale and not single.failures
    assert kept.requests > 10 and single.requests > 10


def disabled_frontends_serve_who_has_connected(start, folder):
    """Refused is what a disabled frontend is to be; reset behind the handshake is not."""
    port = free_port()
    p = start("-db", "-f", config(folder, port))
    until("serving", lambda: accepts(port))
    stop, served, refused, lost = threading.Event(), [], [], []

    def client():
        while not stop.is_set():
            try:
                s = socket.create_connection(("127.0.0.1", port), 10)
            except ConnectionRefusedError:
                refused.append(1)
                time.sleep(0.001)
                continue
            except OSError as e:
                lost.append("connect: " + repr(e))
                continue
            with s:
                try:
                    s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    answer = b""
                    while piece := s.recv(4096):
                        answer += piece
                    (served if answer.startswith(b"HTTP/1.1 200") else lost).append(answer[:40])
                except OSError as e:
                    lost.append(repr(e))

    clients = [threading.Thread(target=client) for _ in range(6)]
    for c in clients:
        c.start()
    for _ in range(15):
        assert ask(folder.file("stats"), "disable frontend fe") == "\n"
        assert not accepts(port)
        assert ask(folder.file("stats"), "enable frontend fe") == "\n"
        # Whoever was turned away meanwhile comes back a second later.
        before = len(served)
        until("served again", lambda: len(served) > before + 5)
    # A client that does not wait for the answer.
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(folder.file("stats"))
        s.sendall(b"disable frontend fe\n")
    until("paused", lambda: ask(folder.file("stats"), "show stat").count(",PAUSED,") == 1)
    # Several on one line, each when the one before is done.
    line = "enable frontend fe;disable frontend both;shutdown frontend both;shutdown frontend fe"
    assert ask(folder.file("stats"), line) == "\n\n\n\n"
    stop.set()
    for c in clients:
        c.join()
    print(f"      {len(served)} served, {len(refused)} refused, {len(lost)} lost")
    assert not lost, lost[:5]
    assert p.process.poll() is None


main([hard_stop, pause_and_resume, dumps, soft_stop, soft_stop_closes_idle, idle_close_on_response,
      close_spread_infinite_and_hard_stop_after, close_spread_time, grace, daemon, pause_for_noreuseport, capabilities,
      pid_file_not_writable, load_over_soft_stops, load_over_pauses, disabled_frontends_serve_who_has_connected])

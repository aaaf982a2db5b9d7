#!/usr/bin/env python3
"""What bind and server lines say about sockets, seen from outside: how many there are, who accepts, where they come from."""
import os
import re
import resource
import shutil
import socket
import subprocess
import threading
import time

from running import DEFAULTS, accepts, ask, free_port, get, main, sanitized, until


def config(folder, binds, threads=2, extra="", name="s", top=""):
    return folder.file(f"{name}.cfg", f"""
global
    nbthread {threads}
    stats socket {folder.file(name + '.sock')} level admin expose-fd listeners
    {top}
{DEFAULTS}
frontend fe
    {binds}
    http-request return status 200 content-type text/plain string {name} unless {{ path_beg /server }}
    default_backend be
backend be
    retries 0
    {extra}
""")


def listening(port):
    """How many sockets listen on a port."""
    with open("/proc/net/tcp") as f:
        rows = [line.split() for line in f.readlines()[1:]]
    return sum(1 for r in rows if r[3] == "0A" and r[1].endswith(f":{port:04X}"))


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        words = f.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def shards(start, folder):
    wanted = {"": 4, "shards 1": 1, "shards 3": 3, "shards 99": 4, "shards by-thread": 4, "shards by-group": 1,
              "thread 2": 1, "thread 1-3 shards 2": 2, "thread 2-": 3}
    ports = {words: free_port() for words in wanted}
    binds = "\n    ".join(f"bind 127.0.0.1:{port} {words}" for words, port in ports.items())
    p = start("-db", "-f", config(folder, binds, threads=4))
    until("serving", lambda: all(accepts(port) for port in ports.values()))
    for words, port in ports.items():
        assert listening(port) == wanted[words], (words, listening(port))
        # Whoever accepts: all are served.
        for _ in range(30):
            assert get(port) == (200, "s")
    p.end()
    # Without a word of the line the default counts; with one it does not.
    a, b = free_port(), free_port()
    start("-db", "-f", config(folder, f"bind 127.0.0.1:{a}\n bind 127.0.0.1:{b} shards 2", threads=4,
                              top="tune.listener.default-shards by-process"))
    until("serving", lambda: accepts(a) and accepts(b))
    assert (listening(a), listening(b)) == (1, 2)


def threads(start, folder):
    """Only the threads that "thread" names accept; a connection stays where it was accepted."""
    port = free_port()
    start("-db", "-f", config(folder, f"bind 127.0.0.1:{port} thread 2-3", threads=4))
    until("serving", lambda: accepts(port) and ask(folder.file("s.sock"), "show info"))
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(40)]

    def seen():
        rows = re.findall(r"tmask=0x([0-9a-f]+) .* fe=fe mux=H1", ask(folder.file("s.sock"), "show fd"))
        return [int(r, 16).bit_length() for r in rows]

    for c in clients:
        c.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
    until("all are there", lambda: len(seen()) == 40)
    assert set(seen()) == {2, 3}, seen()


def wrong_lines(start, folder):
    for words, message in (("thread 3", "none of the threads of 'thread' is there, they are numbered from 1 to 2"),
                           ("thread 2/1", "thread group '2' does not exist"),
                           ("thread 1,1/2", "cannot be mixed"), ("thread x", "invalid thread set 'x'"),
                           ("shards 0", "'shards' : expects a number above 0"),
                           ("nice 1025", "nice"), ("process 1", "'process' : the language has it no more"),
                           ("nbconn 1", "'nbconn' is not supported yet"), ("expose-fd all", "only supports 'listeners'")):
        p = start("-c", "-f", config(folder, f"bind 127.0.0.1:1 {words}"))
        assert p.wait() == 1 and message in p.output(), (words, p.output())
    p = start("-c", "-f", config(folder, "bind rhttp@be/s"))
    assert p.wait() == 1 and "reverse HTTP (rhttp@) is not supported yet" in p.output(), p.output()
    p = start("-c", "-f", config(folder, "bind 127.0.0.1:1", extra="server s sockpair@999"))
    assert p.wait() == 1 and "cannot use file descriptor '999'" in p.output(), p.output()


def label(start, folder):
    port = free_port()
    start("-db", "-f", config(folder, f"bind 127.0.0.1:{port} label edge"))
    until("serving", lambda: accepts(port) and ask(folder.file("s.sock"), "show info"))
    assert re.search(r"fe=fe .*label=edge", ask(folder.file("s.sock"), "show fd"))


def nice(start, folder):
    """It goes with the connections of a line, on both sides, and with nobody else's."""
    peer, plain, low, high = Peer(), free_port(), free_port(), free_port()
    binds = f"bind 127.0.0.1:{plain}\n    bind 127.0.0.1:{low} nice -1024\n    bind 127.0.0.1:{high} nice 3"
    start("-db", "-f", config(folder, binds, threads=1, extra=f"server s 127.0.0.1:{peer.port}"))
    until("serving", lambda: accepts(high))
    clients = []
    for port in (plain, low, high):
        clients.append(socket.create_connection(("127.0.0.1", port)))
        clients[-1].sendall(b"GET /server/hold HTTP/1.1\r\nHost: x\r\n\r\n")
    until("all are at work", lambda: len(peer.held) == 3)
    text = ask(folder.file("s.sock"), "show fd")
    for kind in (r"l\.st=RDY fe=fe", r"fe=fe mux=H1", r"sv=be/s mux=H1"):
        found = sorted(re.findall(kind + r".*?( nice=-?\d+)?$", text, re.M))
        assert found == ["", " nice=-128", " nice=1"], (kind, found, text)


def socket_pair(start, folder):
    """Connections come and go over inherited pairs of sockets; one of ours may be at both ends."""
    ours, theirs = socket.socketpair()
    left, right = socket.socketpair()
    fds = [theirs.fileno(), left.fileno(), right.fileno()]
    binds = f"bind sockpair@{fds[0]}\n    bind {folder.file('fe.sock')}"
    path = config(folder, binds, extra=f"server s sockpair@{fds[1]}")
    with open(path, "a") as f:
        f.write(f"frontend inner\n    bind sockpair@{fds[2]}\n    http-request return status 200 hdr inner yes\n")
    p = start("-db", "-f", path, pass_fds=fds)
    for s in (theirs, left, right):
        s.close()
    until("serving", lambda: os.path.exists(folder.file("s.sock")))
    for i in range(20):
        mine, other = socket.socketpair()
        socket.send_fds(ours, [b"x"], [other.fileno()])
        other.close()
        mine.settimeout(10)
        mine.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % (b"/server" if i % 2 else b"/"))
        answer = b""
        while piece := mine.recv(65536):
            answer += piece
        assert answer.startswith(b"HTTP/1.1 200"), answer
        assert (b"inner: yes" in answer) == (i % 2 == 1), answer
    # Bytes alone are no connection, and the end of the pair ends nothing else.
    ours.sendall(b"no descriptor")
    ours.close()
    time.sleep(0.2)
    before = cpu_seconds(p.pid)
    time.sleep(1)
    assert cpu_seconds(p.pid) - before < 0.3
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(10)
        s.connect(folder.file("fe.sock"))
        s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert s.recv(100).startswith(b"HTTP/1.1 200")


def out_of_descriptors(start, folder):
    """A listener that gets no descriptor waits and goes on by itself; it neither ends nor spins."""
    if sanitized(start.program):
        print("a sanitizer would miss the descriptors: skipped")
        return
    port = free_port()
    limit = 60
    p = start("-db", "-f", config(folder, f"bind 127.0.0.1:{port}", threads=1, top="maxconn 500\n    no strict-limits"),
              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
    until("serving", lambda: accepts(port))
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
    for c in clients:
        c.sendall(b"GET / HTTP/1.1\r\n")
    until("no descriptor is left", lambda: len(os.listdir(f"/proc/{p.pid}/fd")) >= limit - 1)
    before = cpu_seconds(p.pid)
    time.sleep(1)
    assert cpu_seconds(p.pid) - before < 0.2, "it spins"
    assert p.process.poll() is None
    # Half of them go: the others get their turn without any more help.
    for c in clients[:60]:
        c.close()
    for c in clients[60:]:
        c.settimeout(20)
        c.sendall(b"Host: x\r\n\r\n")
        assert c.recv(100).startswith(b"HTTP/1.1 200")
        c.close()
    assert get(port) == (200, "s")


class Peer:
    """A server that answers everything, and knows from where it was asked."""

    def __init__(self, handshake=None):
        self.sources, self.held, self.handshake = [], [], handshake
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.asked = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            c, source = self.listener.accept()
            self.sources.append(source[1])
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        try:
            if self.handshake and not self.handshake(self, c):
                c.close()
                return
            data = b""
            while True:
                while b"\r\n\r\n" not in data:
                    piece = c.recv(65536)
                    if not piece:
                        c.close()
                        return
                    data += piece
                head, data = data.split(b"\r\n\r\n", 1)
                if b"/hold" in head:
                    self.held.append(c)
                    return
                c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        except OSError:
            pass


def free_ports(count):
    """So many in a row that were free a moment ago."""
    for _ in range(200):
        first = free_port()
        held = []
        try:
            for port in range(first, first + count):
                s = socket.socket()
                held.append(s)
                s.bind(("127.0.0.1", port))
            return first
        except (OSError, OverflowError):
            pass
        finally:
            for s in held:
                s.close()
    raise AssertionError("no row of free ports")


def source_range(start, folder):
    peer, port, first = Peer(), free_port(), free_ports(3)
    start("-db", "-f", folder.file("r.cfg", f"""
{DEFAULTS}
listen l
    bind 127.0.0.1:{port}
    retries 0
    http-reuse never
    server s 127.0.0.1:{peer.port} source 127.0.0.1:{first}-{first + 2}
"""))
    until("serving", lambda: accepts(port))
    holders = []
    for _ in range(3):
        c = socket.create_connection(("127.0.0.1", port))
        c.sendall(b"GET /hold HTTP/1.1\r\nHost: x\r\n\r\n")
        holders.append(c)
        until("it came", lambda: len(peer.held) == len(holders))
    assert sorted(peer.sources) == [first, first + 1, first + 2], peer.sources
    # All in use: this one cannot connect. When one is given back it can; the server closes, so that it is free at once.
    assert get(port)[0] == 503
    peer.held.pop().close()
    until("a port is back", lambda: get(port)[0] == 200)
    assert set(peer.sources) == {first, first + 1, first + 2}


def socks_request(peer, c):
    request = b""
    while len(request) < 8 or not request.endswith(b"\0"):
        piece = c.recv(1)
        if not piece:
            return False
        request += piece
    peer.asked.append(request)
    if peer.refuse:
        c.sendall(b"\0\x5b" + bytes(6))
        return False
    c.sendall(b"\0\x5a")  # in two pieces
    time.sleep(0.05)
    c.sendall(request[2:8])
    return True


def socks4(start, folder):
    proxy, port = Peer(socks_request), free_port()
    proxy.refuse = False
    start("-db", "-f", folder.file("k.cfg", f"""
{DEFAULTS}
listen l
    bind 127.0.0.1:{port}
    retries 0
    server s 192.0.2.1:8080 socks4 127.0.0.1:{proxy.port}
listen checked
    bind {folder.file('c.sock')}
    server s 192.0.2.2:80 socks4 127.0.0.1:{proxy.port} check check-via-socks4 inter 100ms
"""))
    until("serving", lambda: accepts(port))
    assert get(port, "/server") == (200, "ok")
    # As the reference asks.
    assert b"\x04\x01\x1f\x90\xc0\x00\x02\x01HAProxy\0" in proxy.asked, proxy.asked
    until("the check asks too", lambda: b"\x04\x01\x00\x50\xc0\x00\x02\x02HAProxy\0" in proxy.asked)
    proxy.refuse = True
    assert get(port, "/server")[0] == 503
    p = start("-c", "-f", folder.file("w.cfg", f"{DEFAULTS}\nlisten l\n    bind 127.0.0.1:1\n"
                                      "    server a [::1]:80 socks4 127.0.0.1:1080\n    server b 127.0.0.1:80 socks4 x\n"))
    assert p.wait() == 1
    assert "'socks4' : missing port number" in p.output(), p.output()


def rates(start, folder):
    """maxconnrate and maxsessrate: the surplus of a second waits for the next."""
    for words in ("maxconnrate 5", "maxsessrate 5"):
        port = free_port()
        p = start("-db", "-f", config(folder, f"bind 127.0.0.1:{port}", threads=1, top=words))
        until("serving", lambda: accepts(port))
        begin = time.monotonic()
        for _ in range(15):
            assert get(port) == (200, "s")
        assert time.monotonic() - begin >= 1.0, words
        info = ask(folder.file("s.sock"), "show info")
        assert ("ConnRateLimit: 5" if "conn" in words else "SessRateLimit: 5") in info, info
        p.end()


def pipes(start, folder):
    """maxpipes is for all threads together; who gets none is served all the same."""
    size = 8 << 20

    def large(_, c):
        c.recv(65536)
        c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % size + b"x" * (size // 2))
        gate.wait(20)
        c.sendall(b"x" * (size // 2))
        return False

    gate, peer, port = threading.Event(), Peer(large), free_port()
    p = start("-db", "-f", config(folder, f"bind 127.0.0.1:{port}", threads=3, top="maxpipes 2",
                                  extra=f"option splice-response\n    server s 127.0.0.1:{peer.port}"))
    until("serving", lambda: accepts(port))

    def count():
        links = [os.readlink(f"/proc/{p.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{p.pid}/fd")]
        return len({link for link in links if link.startswith("pipe:")})

    before = count()
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(12)]
    for c in clients:
        c.sendall(b"GET /server HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    until("pipes are used", lambda: count() > before)
    time.sleep(0.3)
    assert count() - before <= 2, count()
    gate.set()
    for c in clients:
        c.settimeout(20)
        got = 0
        while piece := c.recv(1 << 20):
            got += len(piece)
        assert got > size, got


def namespaces(start, folder):
    """Sockets taken over are those of the right namespace; "namespace *" goes where the client is."""
    name = os.path.basename(folder.path)
    if shutil.which("ip") is None or subprocess.run(["ip", "netns", "add", name], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        print("no namespaces can be made here: skipped")
        return
    try:
        if subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
            print("namespaces cannot be entered here: skipped")
            return
        port, inner = free_port(), free_port()

        def cfg(which):
            return folder.file(f"{which}.cfg", f"""
global
    stats socket {folder.file(which)} level admin expose-fd listeners
    nbthread 1
{DEFAULTS}
namespace_list
    namespace {name}
frontend inside
    bind 127.0.0.1:{port} namespace {name}
    http-request return status 200 content-type text/plain string inside-{which}
frontend outside
    bind 127.0.0.1:{port}
    http-request return status 200 content-type text/plain string outside-{which}
frontend relay
    bind 127.0.0.1:{inner} accept-proxy
    default_backend where
backend where
    retries 0
    server s 127.0.0.1:{port} namespace *
""")

        def inside():
            return subprocess.run(["ip", "netns", "exec", name, "curl", "-s", f"http://127.0.0.1:{port}/"],
                                  capture_output=True, text=True, check=False).stdout

        p = start("-db", "-f", cfg("one"))
        until("serving", lambda: accepts(inner) and ask(folder.file("one"), "show info"))
        assert (get(port)[1], inside()) == ("outside-one", "inside-one")
        q = start("-db", "-x", folder.file("one"), "-sf", str(p.pid), "-f", cfg("two"))
        assert p.wait() == 0
        for _ in range(10):
            assert (get(port)[1], inside()) == ("outside-two", "inside-two")

        def relayed(tlv):
            rest = socket.inet_aton("127.0.0.1") * 2 + b"\0\1\0\2" + tlv
            header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + len(rest).to_bytes(2, "big") + rest
            with socket.create_connection(("127.0.0.1", inner)) as c:
                c.settimeout(10)
                c.sendall(header + b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                out = b""
                while piece := c.recv(65536):
                    out += piece
                return out.rsplit(b"\r\n", 1)[1].decode()

        named = b"\x30" + len(name).to_bytes(2, "big") + name.encode()
        assert relayed(b"") == "outside-two"
        assert relayed(named) == "inside-two"
        # A name that the list has not says nothing; and connections are not mixed up afterwards.
        assert relayed(b"\x30\0\2no") == "outside-two"
        assert relayed(named) == "inside-two"
        assert q.process.poll() is None
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False)


main([shards, threads, wrong_lines, label, nice, socket_pair, out_of_descriptors, source_range, socks4, rates, pipes, namespaces])

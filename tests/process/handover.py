#!/usr/bin/env python3
"""Listening sockets from hand to hand without master (-x, _getsocks): between two of us, and with the reference."""
import array
import os
import signal
import socket
import struct

from running import DEFAULTS, Load, accepts, ask, free_port, get, main, until


def config(folder, port, name, threads=2, expose="expose-fd listeners", extra=""):
    return folder.file(f"{name}.cfg", f"""
global
    nbthread {threads}
    stats socket {folder.file(name)} level admin {expose}
{DEFAULTS}
    option idle-close-on-response
frontend fe
    bind 127.0.0.1:{port}
    {extra}
    http-request return status 200 content-type text/plain string {name}
""")


def fetch(path, request=b"_getsocks\n"):
    """What a taker sees: how many were announced, the descriptors of the first message, its bytes."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(5)
        s.connect(path)
        s.sendall(request)
        total = struct.unpack("=i", s.recv(4))[0]
        data, control, _, _ = s.recvmsg(65536, socket.CMSG_SPACE(4 * 253))
        fds = [fd for _, _, c in control for fd in array.array("i", c[:len(c) - len(c) % 4])]
        return total, fds, data


def wire_format(start, folder):
    port = free_port()
    p = start("-db", "-f", config(folder, port, "one", extra=f"bind {folder.file('u.sock')}"))
    until("serving", lambda: accepts(port))
    for request, tcp in ((b"_getsocks\n", 1), (b"_getsocks all\n", 2)):
        total, fds, data = fetch(folder.file("one"), request)
        assert total == len(fds) == tcp + 1, (total, fds)
        assert data == bytes(6 * (tcp + 1)), data
        names = [socket.socket(fileno=fd).getsockname() for fd in fds]
        assert names[:tcp] == [("127.0.0.1", port)] * tcp and names[tcp].startswith(folder.file("u.sock")), names
    p.tell(signal.SIGTERM)
    p.wait()


def not_exposed(start, folder):
    port = free_port()
    p = start("-db", "-f", config(folder, port, "one", expose=""))
    until("serving", lambda: accepts(port))
    q = start("-db", "-x", folder.file("one"), "-f", config(folder, port, "two"))
    assert q.wait() == 1
    assert "Failed to get the sockets from the old process!" in q.output()
    q = start("-db", "-x", folder.file("none"), "-f", config(folder, port, "two"))
    assert q.wait() == 1
    assert get(port) == (200, "one")
    assert p.process.poll() is None


def more_than_one_message(start, folder):
    first = free_port()
    ports = [first]
    while len(ports) < 300:
        ports.append(free_port())
    binds = "\n".join(f"    bind 127.0.0.1:{port}" for port in dict.fromkeys(p for p in ports if p != first))
    count = len(dict.fromkeys(ports))
    p = start("-db", "-f", config(folder, first, "one", threads=1, extra=binds))
    until("serving", lambda: os.path.exists(folder.file("one")) and accepts(first))
    q = start("-db", "-x", folder.file("one"), "-sf", str(p.pid), "-f",
              config(folder, first, "two", threads=1, extra=binds))
    assert p.wait() == 0
    for port in ports[:3] + ports[-3:]:
        assert get(port) == (200, "two")
    total = fetch(folder.file("two"))[0]
    assert total == count, (total, count)
    assert q.process.poll() is None


def another_number_of_threads(start, folder):
    """Every socket that comes is used, whatever the number of threads: none keeps clients waiting."""
    port = free_port()
    p = start("-db", "-f", config(folder, port, "t4", threads=4))
    until("serving", lambda: accepts(port))
    for name, threads in (("t1", 1), ("t3", 3), ("t2", 2)):
        q = start("-db", "-x", folder.file("t4" if name == "t1" else before), "-sf", str(p.pid), "-f",
                  config(folder, port, name, threads=threads))
        assert p.wait() == 0
        for _ in range(60):
            assert get(port) == (200, name)
        assert fetch(folder.file(name), b"_getsocks all\n")[0] == 4
        p, before = q, name


def hand_to_hand(start, folder):
    """20 changes with the reference under load, back and forth: nothing refused, reset or lost."""
    if not start.reference:
        print("no reference installed: only among ourselves")
    port = free_port()
    p = start("-db", "-f", config(folder, port, "n0"))
    until("serving", lambda: accepts(port))
    kept, single = Load(port, 4, True), Load(port, 4, False)
    for i in range(1, 21):
        theirs = start.reference and i % 2 == 1
        options = {"program": start.reference} if theirs else {}
        q = start("-db", "-x", folder.file(f"n{i - 1}"), "-sf", str(p.pid), "-f",
                  config(folder, port, f"n{i}", threads=1 + i % 3), **options)
        assert p.wait() == 0, p.output()
        p = q
    until("the last one answers", lambda: get(port) == (200, "n20"))
    kept.end(), single.end()
    print(kept.report("keep-alive"), single.report("single"), sep="\n")
    assert not kept.failures and not kept.stale and not single.failures
    assert kept.requests > 10 and single.requests > 10


main([wire_format, not_exposed, more_than_one_message, another_number_of_threads, hand_to_hand])

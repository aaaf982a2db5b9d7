#!/usr/bin/env python3
"""Two programs take the listening sockets from each other (-x, -sf) while clients send requests: nothing may be refused,
reset or lost.

    tests/load/hand_over.py --proxy build/release/sluice [--other haproxy] [--changes 20] [--clients 8]
"""
import argparse
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from running import DEFAULTS, Folder, Load, Running, accepts, free_port, get, until  # noqa: E402


def config(folder, port, i):
    return folder.file(f"n{i}.cfg", f"""
global
    nbthread {1 + i % 3}
    stats socket {folder.file(f"n{i}")} level admin expose-fd listeners
{DEFAULTS}
    option idle-close-on-response
frontend fe
    bind 127.0.0.1:{port}
    http-request return status 200 content-type text/plain string n{i}
""")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--proxy", required=True)
    parser.add_argument("--other", default=shutil.which("haproxy"))
    parser.add_argument("--changes", type=int, default=20)
    parser.add_argument("--clients", type=int, default=8)
    o = parser.parse_args()
    if not o.other:
        print("no other program")
        return 77
    folder, port = Folder(), free_port()
    programs = [os.path.abspath(o.proxy), o.other]
    p = Running(programs[0], folder, "-db", "-f", config(folder, port, 0))
    try:
        until("serving", lambda: accepts(port))
        begin = time.monotonic()
        kept, single = Load(port, o.clients, True), Load(port, o.clients, False)
        for i in range(1, o.changes + 1):
            q = Running(programs[i % 2], folder, "-db", "-x", folder.file(f"n{i - 1}"), "-sf", str(p.pid), "-f",
                        config(folder, port, i))
            status = p.wait(60)
            assert status == 0, p.output()
            p.end()
            p = q
        until("the last one answers", lambda: get(port) == (200, f"n{o.changes}"))
        kept.end(), single.end()
        print(f"{o.changes} changes in {time.monotonic() - begin:.1f} s", kept.report("keep-alive"),
              single.report("one request per connection"), sep="\n")
        return 1 if kept.failures or kept.stale or single.failures else 0
    finally:
        p.end()


sys.exit(main())

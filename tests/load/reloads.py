#!/usr/bin/env python3
"""100 reloads by the master while clients send requests, keep-alive and one per connection: nothing may be refused,
reset or lost. The number of threads changes with every reload.

    tests/load/reloads.py --proxy build/release/sluice [--reloads 100] [--clients 8]
"""
import argparse
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from running import DEFAULTS, Folder, Load, Running, accepts, ask, free_port, get, until  # noqa: E402


def config(folder, port, name, threads):
    return folder.file("a.cfg", f"""
global
    nbthread {threads}
{DEFAULTS}
frontend fe
    bind 127.0.0.1:{port}
    http-request return status 200 content-type text/plain string {name}
""")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--proxy", required=True)
    parser.add_argument("--reloads", type=int, default=100)
    parser.add_argument("--clients", type=int, default=8)
    o = parser.parse_args()
    folder, port = Folder(), free_port()
    master = Running(os.path.abspath(o.proxy), folder, "-W", "-S", folder.file("master"), "-f",
                     config(folder, port, "n0", 2))
    try:
        until("serving", lambda: accepts(port))
        master.says("Loading success")
        begin = time.monotonic()
        kept, single = Load(port, o.clients, True), Load(port, o.clients, False)
        for i in range(1, o.reloads + 1):
            config(folder, port, f"n{i}", 1 + i % 4)
            answer = ask(folder.file("master"), "reload", 60)
            assert answer.startswith("Success=1"), answer
        kept.end(), single.end()
        assert get(port) == (200, f"n{o.reloads}")
        print(f"{o.reloads} reloads in {time.monotonic() - begin:.1f} s", kept.report("keep-alive"),
              single.report("one request per connection"), sep="\n")
        master.tell(signal.SIGTERM)
        assert master.wait() == 0
        return 1 if kept.failures or kept.stale or single.failures else 0
    finally:
        master.end()


sys.exit(main())

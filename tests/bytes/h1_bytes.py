#!/usr/bin/env python3
"""What exactly passes a proxy in HTTP/1: scenes of bytes sent and bytes that have to arrive.

A file *.txt holds scenes. A scene begins with "== name" and has lines
    global: | front: | back: | server: TEXT     a line of the section; "server:" words of the server line
    offset: +N | -N                             the server listens N ports from the frontend's, and is "127.0.0.2:+N"
    file NAME: TEXT                             a file of the folder the proxy runs in
    c> s>    the client, the server sends       c< s<    the client, the server has to receive this, byte for byte
    c| s|    it closes                          c. s.    it has to see the other side close
    c/ s/    it ends its direction, and reads on            c! s!    it has to see a reset
    s+       the server accepts the next connection (the first one is accepted when it is needed)
\\r \\n \\t \\0 \\xNN are escapes; lines with the same mark that follow each other belong together. "*" in what is expected stands for
anything but a line's end. All scenes of a file run in one process, so the global lines hold for all of them.
"""
import argparse
import glob
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

WAIT = 5.0


class Failed(Exception):
    pass


def unescape(text):
    def one(m):
        e = m[1]
        return chr(int(e[1:], 16)) if e[0] == "x" else {"r": "\r", "n": "\n", "t": "\t", "0": "\0", "\\": "\\"}[e]

    return re.sub(r"\\(x[0-9a-f]{2}|[rnt0\\])", one, text).encode("latin1")


class Scene:
    def __init__(self, name):
        self.name = name
        self.front, self.back, self.words, self.steps = [], [], [], []
        self.offset = None


def read_scenes(path):
    scenes, settings, files = [], [], {}
    with open(path, encoding="ascii") as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if not line or line.startswith("#"):
                continue
            if line.startswith("== "):
                scenes.append(Scene(line[3:]))
                continue
            m = re.match(r"(global|front|back|server|offset|file \S+): ?(.*)$", line)
            if m and m[1] == "global":
                settings.append(m[2])
            elif m and m[1].startswith("file "):
                files[m[1][5:]] = unescape(m[2])
            elif m and m[1] == "offset":
                scenes[-1].offset = m[2]
            elif m:
                {"front": scenes[-1].front, "back": scenes[-1].back, "server": scenes[-1].words}[m[1]].append(m[2])
            elif re.match(r"[cs][<>|.+/!]( |$)", line):
                mark, data = line[:2], unescape(line[3:])
                steps = scenes[-1].steps
                if mark[1] in "<>" and steps and steps[-1][0] == mark:
                    steps[-1] = (mark, steps[-1][1] + data)
                else:
                    steps.append((mark, data))
            else:
                raise SystemExit(f"{path}:{number}: what is this?")
    return scenes, settings, files


class Peer:
    """One side of a scene; `connect` gives its socket when it is first needed."""

    def __init__(self, connect):
        self.connect = connect
        self.socket = None
        self.held = b""

    def ready(self):
        if self.socket is None:
            self.socket = self.connect()
            self.socket.settimeout(WAIT)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self.socket

    def again(self):
        self.close()
        self.ready()

    def expect(self, wanted):
        pattern = re.compile(re.escape(wanted).replace(rb"\*", rb"[^\r\n]*"), re.S)
        deadline = time.monotonic() + WAIT
        while True:
            m = pattern.match(self.held)
            if m:
                self.held = self.held[m.end():]
                return
            # Enough came for a line of the same length: no use in waiting when a byte already differs.
            plain = re.match(rb"[^*]*", wanted)[0]
            n = min(len(plain), len(self.held))
            if plain[:n] != self.held[:n] or time.monotonic() > deadline:
                raise Failed(f"expected {wanted!r}\n     got      {self.held!r}")
            try:
                piece = self.ready().recv(65536)
            except OSError as e:
                raise Failed(f"expected {wanted!r}\n     got      {self.held!r} and {e}") from e
            if not piece:
                raise Failed(f"expected {wanted!r}\n     got      {self.held!r} and the end")
            self.held += piece

    def expect_end(self):
        if not self.held:
            try:
                self.held = self.ready().recv(65536)
            except ConnectionResetError:
                pass
            except OSError as e:
                raise Failed(f"expected the end, got {e}") from e
        if self.held:
            raise Failed(f"expected the end, got {self.held!r}")

    def expect_reset(self):
        try:
            got = self.held or self.ready().recv(65536)
        except ConnectionResetError:
            return
        except OSError as e:
            raise Failed(f"expected a reset, got {e}") from e
        raise Failed(f"expected a reset, got {got!r}")

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None
            self.held = b""


def play(scene, front, listener):
    def accept():
        listener.settimeout(WAIT)
        return listener.accept()[0]

    peers = {"c": Peer(lambda: socket.create_connection(("127.0.0.1", front), WAIT)), "s": Peer(accept)}
    try:
        for mark, data in scene.steps:
            peer = peers[mark[0]]
            try:
                if mark[1] == ">":
                    peer.ready().sendall(data)
                elif mark[1] == "<":
                    peer.expect(data)
                elif mark[1] == "|":
                    peer.close()
                elif mark[1] == "/":
                    peer.ready().shutdown(socket.SHUT_WR)
                elif mark[1] == ".":
                    peer.expect_end()
                elif mark[1] == "!":
                    peer.expect_reset()
                else:
                    peer.again()
            except Failed as e:
                return f"{mark} {e}"
            except OSError as e:
                return f"{mark} {data!r}: {e}"
        return None
    finally:
        for peer in peers.values():
            peer.close()


def sockets(offset):
    """Listening sockets of a frontend and of the server behind it."""
    for _ in range(50):
        front = socket.create_server(("127.0.0.1", 0), backlog=64)
        try:
            if offset is None:
                return front, socket.create_server(("127.0.0.1", 0), backlog=64)
            return front, socket.create_server(("127.0.0.2", front.getsockname()[1] + int(offset)), backlog=64)
        except OSError:
            front.close()
    raise SystemExit("no free port beside another one")


def run_file(program, path):
    """The number of scenes and what failed in them."""
    scenes, settings, files = read_scenes(path)
    folder = tempfile.mkdtemp(prefix="h1bytes")
    fronts, listeners = zip(*(sockets(s.offset) for s in scenes))
    ports = [f.getsockname()[1] for f in fronts]
    text = ["global", "    nbthread 1"] + [f"    {s}" for s in settings]
    text += ["defaults", "    mode http", "    timeout connect 5s", "    timeout client 8s", "    timeout server 8s"]
    for i, s in enumerate(scenes):
        text += [f"frontend f{i}", f"    bind fd@{fronts[i].fileno()}", f"    default_backend b{i}"]
        text += [f"    {line}" for line in s.front]
        text += [f"backend b{i}"] + [f"    {line}" for line in s.back]
        address = f"127.0.0.1:{listeners[i].getsockname()[1]}" if s.offset is None else f"127.0.0.2:{s.offset}"
        text += [f"    server s {address} {' '.join(s.words)}"]
    for name, data in files.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)
    with open(os.path.join(folder, "proxy.cfg"), "w", encoding="ascii") as f:
        f.write("\n".join(text) + "\n")
    log = open(os.path.join(folder, "proxy.log"), "wb")
    process = subprocess.Popen([program, "-db", "-f", "proxy.cfg"], cwd=folder, stdout=log, stderr=log,
                               pass_fds=[f.fileno() for f in fronts])
    for f in fronts:
        f.close()
    failed = []
    try:
        for scene, port, listener in zip(scenes, ports, listeners):
            fault = play(scene, port, listener)
            if fault:
                failed.append(f"{os.path.basename(path)}: {scene.name}\n  {fault}")
            if process.poll() is not None:
                failed.append(f"{os.path.basename(path)}: {scene.name}\n  the proxy ended with {process.returncode}")
                break
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()
        if failed:
            with open(os.path.join(folder, "proxy.log"), errors="replace") as f:
                failed.append("".join(f.readlines()[-12:]))
        for listener in listeners:
            listener.close()
        shutil.rmtree(folder, ignore_errors=True)
    return len(scenes), failed


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--proxy", required=True)
    parser.add_argument("files", nargs="*", default=sorted(glob.glob(os.path.join(here, "*.txt"))))
    args = parser.parse_args()
    args.proxy = os.path.abspath(args.proxy)
    total, bad = 0, 0
    for path in args.files:
        count, failed = run_file(args.proxy, path)
        total += count
        bad += bool(failed)
        for text in failed:
            print(text)
    print(f"{total} scenes, {'some failed' if bad else 'all well'}")
    return 1 if bad or not total else 0


if __name__ == "__main__":
    sys.exit(main())

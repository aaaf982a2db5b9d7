#!/usr/bin/env python3
"""`sluice ctl`: commands as arguments, from a pipe, and at a terminal."""
import os
import pty
import select
import subprocess
import time

from running import DEFAULTS, PATIENCE, accepts, free_port, main, until


def begin(start, folder):
    port = free_port()
    p = start("-db", "-f", folder.file("a.cfg", f"""
global
    stats socket {folder.file("stats")} level admin
{DEFAULTS}
frontend fe
    bind 127.0.0.1:{port}
    default_backend be
backend be
    server s1 127.0.0.1:9
    server s2 127.0.0.1:9 weight 7
"""))
    until("serving", lambda: accepts(port))
    return p.process.args[0]


def run(program, folder, *args, text=None):
    done = subprocess.run([program, "ctl", "-s", folder.file("stats"), *args], input=text, capture_output=True,
                          text=True, timeout=PATIENCE, check=False)
    return done.returncode, done.stdout, done.stderr


def arguments(start, folder):
    program = begin(start, folder)
    assert run(program, folder, "get", "weight", "be/s2") == (0, "7 (initial 7)\n", "")
    assert run(program, folder, "get weight be/s2;get weight be/s1") == (0, "7 (initial 7)\n\n1 (initial 1)\n", "")
    status, out, err = run(program, folder, "get weight be/s9;get weight be/s1")
    assert status == 1 and "No such server." in err and out.strip() == "1 (initial 1)", (status, out, err)
    assert run(program, folder, "-x")[0] == 2
    assert subprocess.run([program, "ctl", "-s", folder.file("nowhere"), "help"], capture_output=True,
                          timeout=PATIENCE, check=False).returncode == 3


def pipe(start, folder):
    program = begin(start, folder)
    lines = "get weight be/s1\nget weight be/s2;echo a b\necho with payload <<\none\ntwo\n\nshow cli level"
    status, out, err = run(program, folder, text=lines)
    assert (status, err) == (0, ""), (status, out, err)
    assert out == "1 (initial 1)\n\n7 (initial 7)\n\na b\n\nwith payload\n\nadmin\n", out


class Terminal:
    def __init__(self, program, folder):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(HOME=folder.path, TERM="xterm")
            os.environ.pop("XDG_STATE_HOME", None)
            os.execv(program, [program, "ctl", "-s", folder.file("stats")])
        self.seen = ""

    def type(self, text):
        os.write(self.fd, text.encode())

    def expect(self, text):
        """Waits for it; what stood before it is forgotten."""
        end = time.monotonic() + PATIENCE
        while text not in self.seen:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                raise AssertionError(f"not seen: {text!r} in {self.seen!r}")
            try:
                piece = os.read(self.fd, 65536).decode()
            except OSError:
                piece = ""
            if not piece:
                raise AssertionError(f"ended before {text!r}: {self.seen!r}")
            self.seen += piece
        before, self.seen = self.seen.split(text, 1)
        return before

    def wait(self):
        """The exit status, once it has ended by itself."""
        try:
            while select.select([self.fd], [], [], PATIENCE)[0] and os.read(self.fd, 65536):
                pass
        except OSError:
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def terminal(start, folder):
    program = begin(start, folder)
    t = Terminal(program, folder)
    t.expect("> ")
    t.type("get weight be/s2\r")
    t.expect("7 (initial 7)")
    t.expect("> ")
    # Several commands on one line.
    t.type("get weight be/s1;echo two words;show cli level\r")
    t.expect("1 (initial 1)")
    t.expect("two words\r\n")
    t.expect("admin")
    t.expect("> ")
    # A payload: its lines have a prompt of their own, and an empty one ends it.
    t.type("echo three more <<\r")
    t.expect("\n\r+ ")
    t.type("first line\r")
    t.expect("\n\r+ ")
    t.type("> looks like a prompt\r")
    t.expect("\n\r+ ")
    t.type("\r")
    t.expect("\nthree more\r\n")
    t.expect("\r> ")
    t.type("echo four <<END\r")
    t.expect("\n\r+ ")
    t.type("\r")
    t.expect("\n\r+ ")
    t.type("END\r")
    t.expect("four\r\n")
    t.expect("> ")
    # Completion and history.
    t.type("show vers\t\r")
    t.expect("show version")
    t.expect("> ")
    t.type("\x1b[A\x1b[A\r")
    t.expect("echo four <<END")
    t.expect("\n\r+ ")
    t.type("END\r")
    t.expect("> ")
    t.type("\x04")
    assert t.wait() == 0
    with open(folder.file(".sluice_ctl_history")) as f:
        assert "get weight be/s2\n" in f.read()


def terminal_quits(start, folder):
    program = begin(start, folder)
    t = Terminal(program, folder)
    t.expect("> ")
    t.type("show cli level\rquit\r")  # typed ahead
    t.expect("admin")
    assert t.wait() == 0


main([arguments, pipe, terminal, terminal_quits])

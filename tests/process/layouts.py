#!/usr/bin/env python3
"""Compares what the stats socket prints, field by field, with the layouts of the reference: names, order, types, shapes.

tests/reference/layouts.txt holds them; `layouts.py --learn FOLDER` makes it anew from a folder with one output of the
reference per command (show_info.txt, show_stat_typed.txt, ...)."""
import json
import os
import re
import socket
import sys
import threading

from running import ask, get, main, until, free_port

HERE = os.path.dirname(os.path.abspath(__file__))
LAYOUTS = os.path.join(HERE, "..", "reference", "layouts.txt")

# Lines of `help` whose commands do more or less here, and say so.
OWN_HELP = {"show errors", "set server", "show env"}
# Columns of parts that are not built.
NOT_BUILT = re.compile(r"\b(cookie|ssl_\w+|h2_\w+|h3_\w+|quic_\w+|\w*hpack\w*)\b")


def shape(line):
    """The line without its values."""
    line = re.sub(r"\[\d\d/\w\w\w/\d{4}:\d\d:\d\d:\d\d\.\d+\]", "[date]", line)
    line = re.sub(r"0x[0-9a-f]+", "0x#", line)
    line = re.sub(r"-?\d+(\.\d+)?", "#", line)
    return line.rstrip()


def names(text):
    return [line.split(":")[0] for line in text.splitlines() if ":" in line]


def typed(text):
    """F.2.0.4.scur.1:MGPV:u32:0 and 3.Nbthread.1:CGSV:u32:2, each once and without its value."""
    out = []
    for line in text.splitlines():
        parts = line.split(":")
        if len(parts) < 4:
            continue
        key = parts[0].split(".")
        key = [key[0], *key[3:-1]] if key[0].isalpha() else key[:-1]
        out.append(".".join(key) + ":" + parts[1] + ":" + parts[2])
    return sorted(set(out), key=natural)


def natural(text):
    return [int(t) if t.isdigit() else t for t in re.split(r"(\d+)", text)]


def from_json(text):
    out = []

    def field(kind, f):
        tags = f["tags"]
        out.append(f"{kind}{f['field']['pos']}.{f['field']['name']}:{tags['origin']} {tags['nature']} {tags['scope']}:"
                   f"{f['value']['type']}")

    for item in json.loads(text):
        for f in item if isinstance(item, list) else [item]:
            field(f["objType"] + "." if "objType" in f else "", f)
    return sorted(set(out), key=natural)


def sessions(text):
    line = next((line for line in text.splitlines() if line.startswith("0x")), "")
    return [re.sub(r"=.*", "=", word) if "[" not in word else re.sub(r"=\[?[^,\]]*|,[0-9a-f]+h", "=", word)
            for word in re.sub(r"^0x[0-9a-f]+", "0x#", line).split() if "=" in word or word == "0x#:"]


def shapes(first, last=None):
    def of(text):
        lines = [line for line in text.splitlines() if line.strip()]
        return [shape(line) for line in lines[:first] + (lines[-last:] if last else [])]
    return of


def errors(text):
    lines = [shape(re.sub(r"frontend \S+ |src [^,\s]+|\\r\\n|>>>|at position \d+", "", line)) for line in text.splitlines()]
    return [re.sub(r"\(#\)|\(-#\)", "(#)", line) for line in lines if line.strip() and not line.startswith("  #")]


def help_lines(text):
    return [line for line in text.splitlines() if line.startswith("  ")]


def header(text):
    return [line for line in text.splitlines() if line.startswith("#")]


def pools(text):
    lines = text.splitlines()
    line = next(line for line in lines if " Pool buffer " in line)
    return [lines[0], shape(line.replace(" [SHARED]", "")).replace("# users", "# users"), shape(lines[-1] or lines[-2])]


LAYOUT = {
    "help": help_lines,
    "show info": names,
    "show info typed": typed,
    "show info json": from_json,
    "show stat": header,
    "show stat typed": typed,
    "show stat json": from_json,
    "show schema json": lambda t: [json.dumps(json.loads(t), sort_keys=True)],
    "show activity": names,
    "show sess": sessions,
    "show pools": pools,
    "show servers conn": header,
    "show servers state": header,
    "show backend": header,
    "show cli sockets": lambda t: header(t) + [re.sub(r"@\S+", "@", line) for line in t.splitlines()[1:3]],
    "show cli level": lambda t: t.split(),
    "show tasks": shapes(2),
    "show profiling": lambda t: shapes(4)(re.sub("auto-off", "off     ", t)),
    "show errors": errors,
    "get weight app/s1": shapes(1),
    "disable server app/nosuch": shapes(1),
}

# What an operator may ask for; `help` offers it, or the line is understood.
COMMANDS = """
help, prompt, quit, echo, user, operator, wait, get weight, get var, set var, set weight, set server, set severity-output,
set timeout, set maxconn frontend, set maxconn global, set maxconn server, set rate-limit, set profiling, show profiling,
enable server, enable health, enable agent, enable frontend, disable server, disable health, disable agent,
disable frontend, shutdown frontend, shutdown session, shutdown sessions server, clear counters, dump stats-file,
show version, show info, show stat, show schema json, show sess, show errors, show fd, show activity, show threads,
show tasks, show pools, show libs, show env, show startup-logs, show cli sockets, show cli level, show servers state,
show servers conn, show backend
""".replace("\n", " ")
VARIANTS = """
show info desc, show info float, show info typed desc, show stat up, show stat no-maint, show stat desc, show stat float,
show stat typed desc float, show stat json up, show stat domain proxy, show stat app 4 -1 typed, show stat -1 2 -1,
show sess all, show sess older 5m, show sess susp, show sess backend app, show sess frontend www, show sess server app/s1,
show sess show-uri, show sess all frontend www show-uri, show errors -1 request, show errors www response, show fd l,
show fd -!plc, show activity -1, show activity 0, show activity 1, show pools byname, show pools bysize match s 2,
show pools byusage, show profiling all, show profiling tasks byaddr 5, show profiling memory, show env PATH,
wait 1ms, set timeout cli 10s, set severity-output none, prompt n
""".replace("\n", " ")

CONFIG = """
global
  nbthread 2
  stats socket {folder}/admin mode 600 level admin expose-fd listeners
  stats socket ipv4@127.0.0.1:{cli} level admin
defaults
  mode http
  option httplog
  timeout client 10s
  timeout server 10s
  timeout connect 1s
frontend www
  bind 127.0.0.1:{port} name plain
  use_backend api if {{ path_beg /api }}
  default_backend app
backend app
  balance roundrobin
  server s1 127.0.0.1:{back} check weight 10
  server s2 127.0.0.1:1 check
  server s3 127.0.0.1:2 disabled backup
backend api
  server a1 127.0.0.1:{back}
listen tcpsvc
  mode tcp
  option tcplog
  bind 127.0.0.1:0
  server t1 127.0.0.1:{back}
"""


def learn(folder):
    with open(LAYOUTS, "w") as out:
        out.write("# Made by tests/process/layouts.py --learn from outputs of the reference.\n")
        for command, layout in LAYOUT.items():
            name = re.sub(r"[ /]", "_", command) + ".txt"
            with open(os.path.join(folder, name)) as f:
                lines = layout(f.read())
            out.write(f"\n=== {command}\n" + "".join(line + "\n" for line in lines))


def learned():
    out, lines = {}, None
    for line in open(LAYOUTS).read().splitlines():
        if line.startswith("=== "):
            lines = out.setdefault(line[4:], [])
        elif lines is not None and line:
            lines.append(line)
    return out


class Origin(threading.Thread):
    """Answers requests; those for /wait when told to."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.listener.getsockname()[1]
        self.release = threading.Event()
        self.start()

    def serve(self, c):
        try:
            data = c.recv(65536)
            if b"/wait" in data:
                self.release.wait(60)
            if data:
                c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        except OSError:  # a health check
            pass
        c.close()

    def run(self):
        while True:
            c, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()


def compare(command, want, have):
    """What is wrong, as lines."""
    if command == "help":
        known = {line.split(":")[0].strip(): line for line in have}
        wrong = []
        for line in want:
            usage = line.split(":")[0].strip()
            if usage in known and known[usage] != line and not any(usage.startswith(o) for o in OWN_HELP):
                wrong.append(f"{line!r}\n   here {known[usage]!r}")
        return wrong
    if command == "show activity":  # ours follow
        have = have[:len(want)]
    if command.startswith("show stat "):
        here = {line.split(":")[0]: line for line in have}
        return [f"{line}, here {here.get(line.split(':')[0])}" for line in want
                if here.get(line.split(":")[0]) != line and not NOT_BUILT.search(line)]
    if want == have:
        return []
    return [f"{a!r}, here {b!r}" for a, b in zip(want + [None] * len(have), have + [None] * len(want)) if a != b][:10]


def layouts(start, folder):
    origin = Origin()
    port, cli = free_port(), free_port()
    start("-db", "-f", folder.file("a.cfg", CONFIG.format(folder=folder.path, port=port, cli=cli, back=origin.port)))
    path = folder.file("admin")
    until("serving", lambda: os.path.exists(path) and "UP" in ask(path, "show stat app 4 1"))
    assert get(port)[0] == 200 and get(port, "/api")[0] == 200
    with socket.create_connection(("127.0.0.1", port)) as bad:
        bad.sendall(b"GET / HTTP/1.1\r\nbad header\r\n\r\n")
        while bad.recv(4096):
            pass
    waiting = socket.create_connection(("127.0.0.1", port))
    waiting.sendall(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
    until("a stream", lambda: "fe=www" in ask(path, "show sess"))
    wrong = []
    want = learned()
    assert set(want) == set(LAYOUT), set(want) ^ set(LAYOUT)
    for command, layout in LAYOUT.items():
        answer = ask(path, command)
        for line in compare(command, want[command], layout(answer)):
            wrong.append(f"{command}: {line}")
    origin.release.set()
    waiting.close()
    assert not wrong, "\n".join(["not as the reference prints it:", *wrong])


def commands(start, folder):
    port, cli = free_port(), free_port()
    start("-db", "-f", folder.file("a.cfg", CONFIG.format(folder=folder.path, port=port, cli=cli, back=1)))
    path = folder.file("admin")
    until("serving", lambda: os.path.exists(path))
    offered = [line.split(":")[0] for line in ask(path, "experimental-mode on;help").splitlines()]
    for command in COMMANDS.split(","):
        command = command.strip()
        assert any(re.match(rf"  {command}( |$)", line) for line in offered), command
    for line in VARIANTS.split(","):
        answer = ask(path, line.strip())
        assert not re.match(r"Unknown|Usage|Invalid|Unsupported|Expects|.*not supported", answer), line + ": " + answer
        if "json" in line:
            json.loads(answer)
    for mode in ("expert-mode", "experimental-mode"):
        assert ask(path, f"{mode} on;{mode}").endswith(f"{mode} is ON\n\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--learn"]:
        learn(sys.argv[2])
    else:
        main([layouts, commands])

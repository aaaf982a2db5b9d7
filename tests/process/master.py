#!/usr/bin/env python3
"""The master: start, reload, failures, crashes, its command socket, and what the service manager hears."""
import os
import re
import signal
import socket
import time

from running import DEFAULTS, Load, Talk, accepts, alive, ask, free_port, get, main, until


def config(folder, port, name, extra_global="", extra="", threads=2):
    return folder.file("a.cfg", f"""
global
    nbthread {threads}
    stats socket {folder.file("stats")} level admin
    {extra_global}
{DEFAULTS}
frontend fe
    bind 127.0.0.1:{port}
    http-request return status 200 content-type text/plain string {name}
    {extra}
""")


def begin(start, folder, port, name, *args, **kw):
    cfg = config(folder, port, name, **kw)
    m = start("-W", "-S", folder.file("master"), *args, "-f", cfg)
    until("serving", lambda: m.process.poll() is not None or accepts(port))
    m.says("Loading success")
    return m


def mcli(folder, commands):
    return ask(folder.file("master"), commands, and_leave=True)


def workers(folder):
    """{kind: [pid]} as show proc tells."""
    out, kind = {"master": [], "workers": [], "old workers": []}, None
    for line in mcli(folder, "show proc").splitlines():
        if line.startswith("# "):
            kind = line[2:]
        elif line and not line.startswith("#"):
            words = line.split()
            out["master" if words[1] == "master" else kind].append(int(words[0]))
    return out


def start_and_stop(start, folder):
    for signo, status, worker in ((signal.SIGTERM, 0, 143), (signal.SIGINT, 130, 130), (signal.SIGUSR1, 0, 0)):
        port = free_port()
        m = begin(start, folder, port, "one")
        assert get(port) == (200, "one")
        m.tell(signo)
        assert m.wait() == status, m.output()
        assert "Exiting Master process..." in m.output()
        assert f"exited with code {worker} (" in m.output()
        assert f"All workers exited. Exiting... ({status})" in m.output()
        assert not accepts(port)


def start_fails(start, folder):
    cfg = folder.file("bad.cfg", "global\n    bogus\n")
    m = start("-W", "-f", cfg)
    assert m.wait() == 1
    assert "unknown keyword 'bogus'" in m.output()
    m = start("-W", "-f", folder.file("none.cfg"))
    assert m.wait() == 1


def keyword(start, folder):
    port = free_port()
    pidfile = folder.file("pid")
    m = start("-p", pidfile, "-f", config(folder, port, "one", "master-worker"))
    until("serving", lambda: accepts(port))
    until("pid file", lambda: os.path.exists(pidfile))
    assert open(pidfile).read() == f"{m.pid}\n"
    m.tell(signal.SIGTERM)
    assert m.wait() == 0
    assert m.output().count("Automatically setting") <= 1


def daemon(start, folder):
    port = free_port()
    pidfile = folder.file("pid")
    for args, extra in ((("-W", "-D"), ""), (("-W",), "daemon")):
        cfg = config(folder, port, "one", f"pidfile {pidfile}\n    {extra}")
        p = start(*args, "-S", folder.file("master"), "-f", cfg)
        assert p.wait() == 0, p.output()
        assert get(port) == (200, "one")
        master = int(open(pidfile).read())
        assert workers(folder)["master"] == [master]
        for pid in (master, workers(folder)["workers"][0]):
            until("no terminal", lambda: os.readlink(f"/proc/{pid}/fd/2") == "/dev/null")
        os.kill(master, signal.SIGTERM)
        until("gone", lambda: not alive(master))
    p = start("-W", "-D", "-f", folder.file("bad.cfg", "global\n    bogus\n"))
    assert p.wait() == 1


def reload(start, folder):
    port = free_port()
    m = begin(start, folder, port, "one")
    first = workers(folder)
    assert first["master"] == [m.pid] and len(first["workers"]) == 1
    config(folder, port, "two")
    m.tell(signal.SIGUSR2)
    until("new worker", lambda: get(port) == (200, "two"))
    until("old worker left", lambda: not workers(folder)["old workers"])
    second = workers(folder)
    assert second["workers"] != first["workers"]
    m.says(rf"Former worker \({first['workers'][0]}\) exited with code 0 \(Exit\)")
    config(folder, port, "three")
    m.tell(signal.SIGHUP)
    until("new worker", lambda: get(port) == (200, "three"))


def reload_fails(start, folder):
    port = free_port()
    m = begin(start, folder, port, "one")
    before = workers(folder)["workers"]
    config(folder, port, "two", extra="bogus")
    answer = mcli(folder, "reload")
    assert answer.startswith("Success=0\n--\n"), answer
    assert "unknown keyword 'bogus'" in answer and "Loading failure!" in answer, answer
    assert get(port) == (200, "one")
    assert workers(folder)["workers"] == before
    assert "unknown keyword 'bogus'" in mcli(folder, "show startup-logs")
    assert mcli(folder, "prompt;show version;quit").startswith("master[ReloadFailed]> ")
    assert re.search(r"master +1 \[failed: 1\]", mcli(folder, "show proc"))
    # An address that somebody else has: the same.
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        config(folder, other.getsockname()[1], "two")
        answer = mcli(folder, "reload")
        assert answer.startswith("Success=0\n") and "Address already in use" in answer, answer
    assert get(port) == (200, "one")
    config(folder, port, "good")
    answer = mcli(folder, "reload; show version")
    assert answer.startswith("Success=1\n--\n") and "Loading success." in answer, answer
    until("new worker", lambda: get(port) == (200, "good"))  # the old one may accept for a moment longer
    assert mcli(folder, "prompt;quit").startswith("master> ")


def addresses_come_and_go(start, folder):
    port, other = free_port(), free_port()
    m = begin(start, folder, port, "one")
    config(folder, port, "two", extra=f"bind 127.0.0.1:{other}")
    assert mcli(folder, "reload").startswith("Success=1")
    until("new worker", lambda: get(other) == (200, "two") and get(port) == (200, "two"))
    config(folder, port, "three", threads=1)
    assert mcli(folder, "reload").startswith("Success=1")
    until("closed", lambda: not accepts(other))
    until("new worker", lambda: not workers(folder)["old workers"])
    for _ in range(30):
        assert get(port) == (200, "three")
    m.tell(signal.SIGTERM)
    assert m.wait() == 0


def hard_reload_and_old_workers(start, folder):
    port = free_port()
    m = begin(start, folder, port, "one", extra_global="mworker-max-reloads 2",
              extra="timeout client 60s\nlisten t\n    mode tcp\n    bind 127.0.0.1:0\n    server s 127.0.0.1:1")
    kept = socket.create_connection(("127.0.0.1", port))
    kept.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
    slow = socket.create_connection(("127.0.0.1", port))
    slow.sendall(b"POST / HTTP/1.1\r\nHost: ")
    first = workers(folder)["workers"][0]
    time.sleep(0.2)
    mcli(folder, "reload")
    assert workers(folder)["old workers"] == [first]
    # Old workers can be asked too.
    until("the old worker stops", lambda: "Stopping: 1" in mcli(folder, f"@!{first} show info"))
    second = workers(folder)["workers"][0]
    mcli(folder, "hard-reload")
    until("both have left", lambda: not workers(folder)["old workers"])
    m.says(rf"Former worker \({first}\) exited with code 143")
    m.says(rf"Former worker \({second}\) exited with code 143")


def max_reloads(start, folder):
    port = free_port()
    m = begin(start, folder, port, "one", extra_global="mworker-max-reloads 2", extra="timeout http-request 60s")
    slow = socket.create_connection(("127.0.0.1", port))
    slow.sendall(b"POST / HTTP/1.1\r\nHost: ")
    first = workers(folder)["workers"][0]
    time.sleep(0.2)
    for survived in (1, 2):
        mcli(folder, "reload")
        until("listed", lambda: first in workers(folder)["old workers"])
        assert re.search(rf"(?m)^{first} +worker +{survived} ", mcli(folder, "show proc"))
    mcli(folder, "reload")
    m.says(rf"Former worker \({first}\) exited with code 143")


def crash(start, folder):
    for signo, status in ((signal.SIGKILL, 137), (signal.SIGABRT, 134)):
        port = free_port()
        m = begin(start, folder, port, "one")
        os.kill(workers(folder)["workers"][0], signo)
        assert m.wait() == status
        assert f"exited with code {status} (" in m.output()
        assert "exit-on-failure: killing every processes with SIGTERM" in m.output()
        assert f"All workers exited. Exiting... ({status})" in m.output()
    port = free_port()
    m = begin(start, folder, port, "one", extra_global="master-worker no-exit-on-failure")
    os.kill(workers(folder)["workers"][0], signal.SIGKILL)
    m.says("exited with code 137")
    until("the master goes on", lambda: workers(folder)["workers"] == [])
    assert m.process.poll() is None
    m.tell(signal.SIGTERM)
    assert m.wait() in (0, 137)


def master_dies(start, folder):
    port = free_port()
    m = begin(start, folder, port, "one")
    worker = workers(folder)["workers"][0]
    m.tell(signal.SIGKILL)
    m.wait()
    until("the worker leaves", lambda: not alive(worker))


def pause_and_resume(start, folder):
    port = free_port()
    m = begin(start, folder, port, "one")
    m.tell(signal.SIGTTOU)
    m.says(r"Paused frontend fe\.")
    m.tell(signal.SIGTTIN)
    m.says(r"Resumed frontend fe\.")
    assert get(port) == (200, "one")


def command_socket(start, folder):
    port = free_port()
    m = begin(start, folder, port, "one")
    worker = workers(folder)["workers"][0]
    version = mcli(folder, "show version")
    assert mcli(folder, "@1 show version") == version
    assert mcli(folder, f"@!{worker} show version;show version") == version + version
    assert mcli(folder, "@1;show info;@master;show version").endswith("\n\n" + version)
    assert f"Pid: {worker}\n" in mcli(folder, "@1 show info")
    assert mcli(folder, "@9 show info").startswith("Can't find the target PID matching the prefix '@9'\n")
    assert mcli(folder, "@!1 show info").startswith("Can't find the target PID matching the prefix '@!1'\n")
    assert mcli(folder, "@x").startswith("Can't find the target PID matching the prefix '@x'\n")
    assert mcli(folder, "@master show version") == version
    assert mcli(folder, "@@1 show version; show version") == version + version
    assert "Pid: " in mcli(folder, "@@1 show version;show info")
    # Everything behind it belongs to the line; the next line is the master's again.
    assert mcli(folder, "@@1 show version;show version\nshow version") == version * 3
    assert mcli(folder, "@1 show cli level") == "admin\n\n"
    assert mcli(folder, "operator;@1 show cli level").endswith("operator\n\n")
    prompt = mcli(folder, f"prompt;@1;show version;@;expert-mode on;experimental-mode on;@1;quit")
    assert prompt == f"master> {worker}> {version}{worker}> master> master(e)> master(xe)> {worker}(xe)> ", prompt
    assert "show proc" in mcli(folder, "help") and "reload" in mcli(folder, "help")
    assert "Unknown command" in mcli(folder, "show info")
    lines = mcli(folder, "show proc").splitlines()
    assert lines[0] == "#<PID>          <type>          <reloads>       <uptime>        <version>      "
    assert re.fullmatch(r"\d+ +master +0 \[failed: 0\]   \d+d\d\dh\d\dm\d\ds +\S+ *", lines[1]), lines[1]
    assert all(line[16 * i - 1] == " " for line in lines[:2] for i in range(1, 5))
    # Large answers, and clients that leave in the middle.
    assert len(mcli(folder, "@1 show stat;@1 show schema json")) > 5000
    for _ in range(20):
        s = socket.socket(socket.AF_UNIX)
        s.connect(folder.file("master"))
        s.sendall(b"@1 show schema json\n" * 1)
        s.close()
    assert mcli(folder, "@1 show version") == version
    assert m.process.poll() is None


def command_socket_is_interactive(start, folder):
    port = free_port()
    begin(start, folder, port, "one")
    worker = workers(folder)["workers"][0]
    version = mcli(folder, "show version")
    assert mcli(folder, "show version\n@1 show version") == version + version
    t = Talk(folder.file("master"))
    assert t.ask("show version", "\n\n") == version
    assert t.ask("prompt n\nshow version", "\n\n") == version  # there is no other mode here
    t.say("quit\n")
    assert t.closed()
    t = Talk(folder.file("master"))
    assert t.ask("@9 show info", "\n").startswith("Can't find the target PID")
    assert t.closed()
    t = Talk(folder.file("master"))
    assert re.fullmatch(r"\[0:00:0\d:\d\d\] master> ", t.ask("prompt timed", "> "))
    assert re.fullmatch(rf"\[0:00:0\d:\d\d\] {worker}> ", t.ask("@1", "> "))
    t.say("prompt\nuser\n@1 show cli level\n")
    assert t.hear("\n\n").endswith("user\n\n")


def command_socket_enters_a_worker(start, folder):
    port = free_port()
    m = begin(start, folder, port, "one")
    worker = workers(folder)["workers"][0]
    version = mcli(folder, "show version")
    t = Talk(folder.file("master"))
    assert t.ask("prompt", "> ") == "master> "
    assert t.ask("experimental-mode on", "> ") == "master(x)> "
    assert t.ask("@@1", "> ") == "> "
    assert f"Pid: {worker}\n" in t.ask("show info", "\n> ")
    # One session: what it is told stays.
    assert t.ask("set var proc.a int(7)", "\n> ") == "\n> "
    assert t.ask("experimental-mode", "\n> ") == "experimental-mode is ON\n\n> "
    assert t.ask("operator;show cli level", "operator\n\n> ").endswith("operator\n\n> ")
    assert t.ask("echo <<x", "+ ") == "+ "
    t.ask("some payload", "+ ")
    t.ask("x", "\n> ")
    assert t.ask("quit", "master(x)> ").endswith("master(x)> ")
    assert t.ask("show cli level", "master(x)> ") == "admin\n\nmaster(x)> "
    assert t.ask(f"@!{worker} get var proc.a", "> ") == "proc.a: type=sint value=<7>\n\nmaster(x)> "
    # Without a prompt, and with all there is to say at once.
    assert mcli(folder, "@@1\nshow version\nshow version;show cli level\nquit").count(version) == 2
    t = Talk(folder.file("master"))
    assert t.ask("@@1\nshow version", "\n\n") == version
    # A client that leaves ends the session in the worker too.
    t.socket.shutdown(socket.SHUT_WR)
    assert t.socket.recv(65536) in (b"", b"\n")
    for _ in range(20):
        t = Talk(folder.file("master"))
        t.say("@@1\nshow schema json\nshow schema json\n")
        t.socket.close()
    # Nor does one that does not read stop anybody.
    lazy = Talk(folder.file("master"))
    lazy.socket.settimeout(1)
    lazy.say("@@1\n")
    try:
        for _ in range(200):
            lazy.say("show schema json\n" * 1000)
    except (socket.timeout, TimeoutError):
        pass
    assert mcli(folder, "show version") == version
    assert get(port) == (200, "one")
    lazy.socket.close()
    # A worker that ends leaves one in the master.
    t = Talk(folder.file("master"))
    t.ask("prompt", "> ")
    t.ask("@@1", "> ")
    assert mcli(folder, "hard-reload").startswith("Success=1")
    assert t.hear("master> ").endswith("master> ")
    assert t.ask("show version", "> ") == version + "master> "
    assert m.process.poll() is None


def command_socket_debug_mode(start, folder):
    port = free_port()
    begin(start, folder, port, "one")
    assert "Unknown command" in mcli(folder, "show env")
    assert "show env" not in mcli(folder, "help")
    assert "mcli-debug-mode is OFF" in mcli(folder, "mcli-debug-mode")
    t = Talk(folder.file("master"))
    t.ask("prompt", "> ")
    assert t.ask("mcli-debug-mode on", "> ") == "master(d)> "
    assert "PATH=" in t.ask("show env", "master(d)> ")
    assert "show env" in t.ask("help", "master(d)> ")
    # Whatever they are about, the commands of workers do no harm here.
    for line in ("show info", "show stat", "show sess", "show fd", "show activity", "show threads", "show tasks",
                 "show pools", "show errors", "show libs", "show servers state", "show servers conn", "show backend",
                 "show profiling", "show schema json", "disable frontend x", "enable server a/b", "set server a/b state maint",
                 "set maxconn global 5", "set rate-limit sessions global 5", "clear counters", "clear counters all",
                 "shutdown session 0x1", "shutdown sessions server a/b", "wait 1ms", "dump stats-file", "get var proc.a",
                 "experimental-mode on; set var proc.a int(5); experimental-mode off", "set profiling tasks on",
                 "show cli sockets", "get weight a/b", "set weight a/b 1"):
        t.ask(line, "master(d)> ")
    assert t.ask("@1", "> ").endswith("(d)> ")
    t.ask("@", "> ")
    assert t.ask("mcli-debug-mode off", "> ") == "master> "
    assert "Unknown command" in t.ask("show env", "> ")


def levels_of_the_command_socket(start, folder):
    port = free_port()
    cfg = config(folder, port, "one")
    m = start("-W", "-S", folder.file("master") + ",level,operator", "-f", cfg)
    until("serving", lambda: accepts(port))
    m.says("Loading success")
    assert mcli(folder, "show cli level") == "operator\n\n"
    assert mcli(folder, "@1 show cli level") == "operator\n\n"
    assert mcli(folder, "@@1 show cli level") == "operator\n\n"
    assert "Permission denied" in mcli(folder, "@1 disable frontend fe")
    for line in ("expert-mode on", "experimental-mode on", "mcli-debug-mode on"):
        assert "Permission denied" in mcli(folder, line)
    assert mcli(folder, "reload").startswith("Success=1\n--\n")
    # Other levels change what the workers may be told, too, and there is no way back up.
    assert mcli(folder, "user;@1 show cli level;operator;@1 show cli level").count("user\n") == 2
    assert "Permission denied" in mcli(folder, "user;reload")


def chroot_of_workers(start, folder):
    if os.geteuid() != 0:
        return
    port = free_port()
    m = begin(start, folder, port, "one", extra_global="chroot auto\n    uid 65534\n    gid 65534")
    worker = workers(folder)["workers"][0]
    root = os.readlink(f"/proc/{worker}/root")
    assert root != "/" and "deleted" in root, root  # an empty folder that has no name any more
    assert os.listdir(f"/proc/{worker}/root/") == []
    assert os.readlink(f"/proc/{m.pid}/root") == "/"
    assert os.stat(f"/proc/{worker}").st_uid == 65534
    # A reload reads the files again, from outside.
    config(folder, port, "two", extra_global="chroot auto")
    assert mcli(folder, "reload").startswith("Success=1")
    until("new worker", lambda: get(port) == (200, "two"))
    assert os.readlink(f"/proc/{workers(folder)['workers'][0]}/root") != "/"


def command_socket_options(start, folder):
    port = free_port()
    cfg = config(folder, port, "one")
    m = start("-W", "-S", folder.file("master") + ",level,user,mode,600", "-f", cfg)
    until("serving", lambda: accepts(port))
    m.says("Loading success")
    assert os.stat(folder.file("master")).st_mode & 0o777 == 0o600
    assert mcli(folder, "show cli level") == "user\n\n"
    assert "Permission denied" in mcli(folder, "reload")
    m = start("-W", "-S", folder.file("master") + ",level,king", "-f", cfg)
    assert m.wait() == 1
    assert "king" in m.output()


def environment(start, folder):
    port = free_port()
    extra = "http-request return status 200 content-type text/plain lf-string %[env(HAPROXY_MWORKER)] if { path /m }"
    m = begin(start, folder, port, "one")
    env = mcli(folder, "@1 show env")
    assert "HAPROXY_MWORKER=1\n" in env
    assert f"HAPROXY_MASTER_CLI=unix@{folder.file('master')}\n" in env
    assert f"HAPROXY_CLI=unix@{folder.file('stats')}\n" in env
    assert "HAPROXY_CFGFILES=" in env
    # What the master tells its workers in the environment stays between them.
    ours = [line for line in env.splitlines() if line.startswith("SLUICE_") and line.split("=")[0] not in os.environ]
    assert not ours, ours
    del extra, m


def service_manager(start, folder):
    port = free_port()
    path = folder.file("notify")
    told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    told.bind(path)
    told.settimeout(10)

    def next_message():
        return dict(line.split("=", 1) for line in told.recv(4096).decode().splitlines())

    cfg = config(folder, port, "one", "daemon")
    m = start("-Ws", "-S", folder.file("master"), "-f", cfg, env={**os.environ, "NOTIFY_SOCKET": path})
    first = next_message()
    assert first["READY"] == "1" and first["MAINPID"] == str(m.pid), first
    assert get(port) == (200, "one")
    m.tell(signal.SIGUSR2)
    begin_reload = next_message()
    assert begin_reload["RELOADING"] == "1", begin_reload
    assert abs(int(begin_reload["MONOTONIC_USEC"]) / 1e6 - time.monotonic()) < 10
    assert next_message()["READY"] == "1"
    config(folder, port, "two", extra="bogus")
    m.tell(signal.SIGUSR2)
    assert next_message()["RELOADING"] == "1"
    failed = next_message()
    assert failed["READY"] == "1" and "failed" in failed["STATUS"].lower(), failed
    assert "NOTIFY_SOCKET" not in mcli(folder, "@1 show env")
    m.tell(signal.SIGTERM)
    assert next_message()["STOPPING"] == "1"
    assert m.wait() == 0


def a_slow_start_asks_for_time(start, folder):
    port = free_port()
    path = folder.file("notify")
    told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    told.bind(path)
    told.settimeout(30)
    cfg = config(folder, port, "one")
    m = start("-Ws", "-S", folder.file("master"), "-f", cfg, env={**os.environ, "NOTIFY_SOCKET": path})
    assert b"READY=1" in told.recv(4096)
    text = open(cfg).read()
    os.remove(cfg)
    os.mkfifo(cfg)  # a configuration that takes its time to be read
    m.tell(signal.SIGUSR2)
    assert b"RELOADING=1" in told.recv(4096)
    begun = time.monotonic()
    message = told.recv(4096).decode()
    assert re.search(r"(?m)^EXTEND_TIMEOUT_USEC=30000000$", message), message
    assert 5 < time.monotonic() - begun < 25
    assert get(port) == (200, "one")
    with open(cfg, "w") as f:
        f.write(text.replace("string one", "string two"))
    assert b"READY=1" in told.recv(4096)
    until("new worker", lambda: get(port) == (200, "two"))


def reload_during_reload(start, folder):
    port = free_port()
    m = begin(start, folder, port, "n0")
    for i in range(1, 6):
        config(folder, port, f"n{i}")
        m.tell(signal.SIGUSR2)
    until("the last one", lambda: get(port) == (200, "n5"))
    until("one worker", lambda: [len(v) for v in workers(folder).values()] == [1, 1, 0])
    assert m.process.poll() is None


def load_over_reloads(start, folder, reloads=20):
    port = free_port()
    m = begin(start, folder, port, "n0")
    kept, single = Load(port, 4, True), Load(port, 4, False)
    for i in range(1, reloads + 1):
        config(folder, port, f"n{i}", threads=1 + i % 3)
        assert mcli(folder, "reload").startswith("Success=1")
    kept.end(), single.end()
    print(kept.report("keep-alive"), single.report("single"), sep="\n")
    assert not kept.failures and not kept.stale and not single.failures
    assert kept.requests > 10 and single.requests > 10
    assert m.process.poll() is None


main([start_and_stop, start_fails, keyword, daemon, reload, reload_fails, addresses_come_and_go,
      hard_reload_and_old_workers, max_reloads, crash, master_dies, pause_and_resume, command_socket,
      command_socket_is_interactive, command_socket_enters_a_worker, command_socket_debug_mode,
      levels_of_the_command_socket, command_socket_options, chroot_of_workers, environment, service_manager,
      a_slow_start_asks_for_time, reload_during_reload, load_over_reloads])

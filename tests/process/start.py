#!/usr/bin/env python3
"""Starting: what stands in the way is named, what the global section says about process and limits is so."""
import os
import re
import resource
import signal
import socket
import subprocess

from running import DEFAULTS, Folder, accepts, ask, free_port, get, main, until



def config(folder, binds, top="", name="s"):
    return folder.file(f"{name}.cfg", f"""
global
    stats socket {folder.file(name + '.sock')} level admin
    {top}
{DEFAULTS}
frontend fe
    {binds}
    http-request return status 200 content-type text/plain string {name}
""")


def refused(start, path, message, *args, status=1, **popen):
    p = start("-db", *args, "-f", path, **popen)
    assert p.wait() == status, (p.process.returncode, p.output())
    assert re.search(message, p.output()), f"{message} in:\n{p.output()}"
    return p.output()


def address_in_use(start, folder):
    """Who holds it is named."""
    me = rf"held by \S+ \(pid {os.getpid()}\)"
    with socket.create_server(("127.0.0.1", 0)) as s:
        refused(start, config(folder, f"bind 127.0.0.1:{s.getsockname()[1]}"),
                rf"for frontend fe: cannot bind socket \(Address already in use\) \[127.0.0.1:\d+\], {me}")
    with socket.socket(socket.AF_UNIX) as s:
        name = os.path.basename(folder.path)
        s.bind("\0" + name)
        s.listen()
        refused(start, config(folder, f"bind abnsz@{name}x\n    bind abns@other-{name}"), "", "-c", status=0)
        s2 = socket.socket(socket.AF_UNIX)
        s2.bind("\0" + (name + "p").ljust(107, "\0"))
        s2.listen()
        refused(start, config(folder, f"bind abns@{name}p"), rf"Address already in use\) .*, {me}")
        s2.close()
    with socket.create_server(("127.0.0.1", 0)) as s:
        refused(start, folder.file("t.cfg", f"global\n    stats socket ipv4@127.0.0.1:{s.getsockname()[1]}\n"),
                rf"stats socket .*Address already in use\), {me}")
    # Any other reason has nothing to do with who listens there.
    with socket.create_server(("127.0.0.1", 0)) as s:
        out = refused(start, config(folder, f"bind 192.0.2.1:{s.getsockname()[1]}"), "Cannot assign requested address")
        assert "held by" not in out, out


def paths(start, folder):
    plain = folder.file("plain", "precious")
    refused(start, config(folder, f"bind {plain}"), "the path exists and is not a socket")
    with open(plain) as f:
        assert f.read() == "precious"
    refused(start, folder.file("stats.cfg", f"global\n    stats socket {plain}\n"),
            r"stats socket \[.*/plain\]: the path exists and is not a socket")
    with open(plain) as f:
        assert f.read() == "precious"
    refused(start, config(folder, f"bind {folder.file('none')}/x.sock"), "No such file or directory")
    port = free_port()
    refused(start, config(folder, f"bind 127.0.0.1:{port}", top=f"pidfile {folder.file('none')}/pid"),
            r"Cannot create pidfile .*/none/pid : No such file or directory")
    refused(start, config(folder, f"bind 127.0.0.1:{port}"), r"Cannot create pidfile", "-p", folder.path)
    refused(start, config(folder, f"bind 127.0.0.1:{port}", top=f"chroot {folder.file('none')}"),
            r"Cannot chroot\(.*/none\): No such file or directory")
    refused(start, config(folder, f"bind 127.0.0.1:{port}", top=f"chroot {plain}"),
            r"Cannot chroot\(.*/plain\): Not a directory")
    assert not accepts(port)


def no_permission(start, folder):
    if os.getuid() != 0:
        print("not root: skipped")
        return
    folder = Folder(public=True)
    closed = folder.file("closed")
    os.mkdir(closed, 0o700)
    path = folder.file("p.cfg", f"{DEFAULTS}\nfrontend fe\n    bind {closed}/x.sock\n")
    refused(start, path, r"cannot bind UNIX socket \(Permission denied\)", user=65534)
    path = folder.file("q.cfg", f"global\n    chroot {folder.path}\n{DEFAULTS}\nfrontend fe\n    bind 127.0.0.1:{free_port()}\n")
    refused(start, path, r"Cannot chroot\(.*\): Operation not permitted", user=65534)


def old_process_is_dead(start, folder):
    """-sf of a process that is not there any more hinders nothing."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    port = free_port()
    p = start("-db", "-f", config(folder, f"bind 127.0.0.1:{port}"), "-sf", str(gone.pid))
    until("serving", lambda: accepts(port))
    assert get(port) == (200, "s")
    p.tell(signal.SIGTERM)
    p.wait()
    # Nor is it waited for when an address is taken by somebody else.
    with socket.create_server(("127.0.0.1", 0)) as s:
        refused(start, config(folder, f"bind 127.0.0.1:{s.getsockname()[1]}"), "Address already in use", "-sf",
                str(gone.pid))


def environment(start, folder):
    port = free_port()
    path = config(folder, f"bind 127.0.0.1:{port}", top="""setenv ONE 1
    presetenv ONE 2
    presetenv TWO "${ONE}-2"
    setenv GONE x
    unsetenv GONE FROM_OUTSIDE
    localpeer me
    node here
    description "a test"
""")
    start("-db", "-f", path, env={**os.environ, "FROM_OUTSIDE": "x", "KEPT": "y"})
    sock = folder.file("s.sock")
    until("serving", lambda: accepts(port) and ask(sock, "show info"))
    env = dict(line.split("=", 1) for line in ask(sock, "show env").splitlines() if "=" in line)
    assert (env["ONE"], env["TWO"], env["KEPT"]) == ("1", "1-2", "y"), env
    assert "GONE" not in env and "FROM_OUTSIDE" not in env
    assert env["HAPROXY_LOCALPEER"] == "me" and env["HAPROXY_CFGFILES"] == path, env
    assert env["HAPROXY_CLI"] == f"unix@{sock}", env
    assert env["HAPROXY_BRANCH"] == "3.5" and env["HAPROXY_STARTUP_VERSION"].startswith("3.5"), env
    for name in ("HTTP", "HTTPS", "TCP", "HTTP_CLF", "TCP_CLF"):
        key = "HAPROXY_" + name + "_LOG_FMT"
        assert env[key].startswith("%"), (key, env)
    assert "HAPROXY_MWORKER" not in env
    info = ask(sock, "show info")
    assert "\nnode: here\n" in info and "\ndescription: a test\n" in info, info
    path = config(folder, f"bind 127.0.0.1:{free_port()}", top="resetenv KEPT\n    setenv NEW z", name="r")
    p = start("-db", "-f", path, env={**os.environ, "FROM_OUTSIDE": "x", "KEPT": "y"})
    until("serving", lambda: ask(folder.file("r.sock"), "show info"))
    env = dict(line.split("=", 1) for line in ask(folder.file("r.sock"), "show env").splitlines() if "=" in line)
    assert env.get("KEPT") == "y" and env.get("NEW") == "z" and "FROM_OUTSIDE" not in env and "PATH" not in env, env
    p.end()


def info_of(start, folder, top, **popen):
    port = free_port()
    name = f"i{port}"
    p = start("-db", "-f", config(folder, f"bind 127.0.0.1:{port}", top=top, name=name), **popen)
    until("serving: " + p.output(), lambda: accepts(port) and ask(folder.file(name + ".sock"), "show info"))
    info = dict(line.split(": ", 1) for line in ask(folder.file(name + ".sock"), "show info").splitlines() if ": " in line)
    with open(f"/proc/{p.pid}/limits") as f:
        limit = int(re.search(r"Max open files\s+(\d+)", f.read()).group(1))
    return p, info, limit


def limits(start, folder):
    def low():
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, 2000))

    p, info, _ = info_of(start, folder, "fd-hard-limit 500", preexec_fn=low)
    assert 150 < int(info["Maxconn"]) < 250, info
    p.end()
    p, info, limit = info_of(start, folder, "", preexec_fn=low)
    assert 850 < int(info["Maxconn"]) < 1000 and limit > 1700, (info, limit)
    p.end()
    p, _, limit = info_of(start, folder, "ulimit-n 1234", preexec_fn=low)
    assert limit == 1234, limit
    p.end()
    # More than there can be: an end with its reason, or, without strict-limits, a warning and what there is.
    if os.getuid() == 0:
        beyond = {"preexec_fn": low, "user": 65534, "group": 65534}
        folder = Folder(public=True)
        os.chmod(folder.path, 0o777)
    else:
        beyond = {"preexec_fn": low}
    refused(start, config(folder, f"bind 127.0.0.1:{free_port()}", top="maxconn 5000", name="i"),
            r"\[ALERT\].*Cannot raise FD limit to \d+, limit is 2000", **beyond)
    p, info, limit = info_of(start, folder, "maxconn 5000\n    no strict-limits", **beyond)
    assert limit == 2000 and "[WARNING]" in p.output() and "Cannot raise FD limit" in p.output(), p.output()
    p.end()


def quiet(start, folder):
    port = free_port()
    for top, said in (("", True), ("quiet", False)):
        p = start("-db", "-f", config(folder, f"bind 127.0.0.1:{port}", top=top + "\n    chroot /"))
        until("serving", lambda: accepts(port))
        p.tell(signal.SIGTERM)
        p.wait()
        # As root without another user a warning is due.
        if os.getuid() == 0:
            assert ("[WARNING]" in p.output()) == said, p.output()
    path = config(folder, f"bind 127.0.0.1:{port}\n    option httplog\n    option nosuch", top="zero-warning")
    refused(start, path, "nosuch")


def cpus(start, folder):
    """cpu-set leaves threads to the CPUs that it names, and their number is that of those CPUs."""
    allowed = sorted(os.sched_getaffinity(0))
    one = allowed[-1]

    def check(top, threads, bound, free=None):
        """So many threads, and of all tasks at least `bound` for that CPU alone; none for `free` alone."""
        p, info, _ = info_of(start, folder, top)
        assert int(info["Nbthread"]) == threads, (top, info["Nbthread"])

        def alone(cpu):
            return sum(1 for t in os.listdir(f"/proc/{p.pid}/task") if os.sched_getaffinity(int(t)) == {cpu})

        until(f"{top}: bound", lambda: alone(one) >= bound)
        assert free is None or alone(free) == 0
        p.end()

    count = len(allowed)
    check("", count, 0)
    check(f"cpu-set only-cpu {one}", 1, 1)
    check("cpu-affinity per-thread", count, 1)
    check(f"nbthread 3\n    cpu-set only-cpu {one}", 3, 3)
    if count > 1:
        check(f"cpu-policy none\n    cpu-set drop-cpu {allowed[0]}", count - 1, 1 if count == 2 else 0, allowed[0])
    # All gone: what is allowed is used.
    check("cpu-set drop-cpu 0-1023", count, 0)
    # cpu-map goes before what a policy would bind.
    check(f"nbthread 2\n    cpu-affinity per-thread\n    cpu-map 1/all {one}", 2, 2, allowed[0] if count > 1 else None)


main([address_in_use, paths, no_permission, old_process_is_dead, environment, limits, quiet, cpus])

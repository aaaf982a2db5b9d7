#!/usr/bin/env python3
"""Installs a build into a temporary folder, makes its packages, and looks at both.

  packaging.py --build FOLDER      a build folder in which `sluice` is built

Checks are functions named check_*; each gets the Stage and raises Failed or Skipped. Nothing outside of the temporary folder is
changed: the packages are installed and purged in a copy-on-write view of the system (view.sh).
"""
import argparse
import os
import pathlib
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


def expect(condition, message):
    if not condition:
        raise Failed(message)


def run(argv, limit=60, status=0, env=None, cwd=None):
    """Output of a command that has to end with this status (None: any)."""
    done = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=limit, env=env, cwd=cwd)
    if status is not None and done.returncode != status:
        raise Failed(f"{' '.join(map(str, argv))}: status {done.returncode}\n{done.stdout}")
    return done.stdout


def need(program):
    if shutil.which(program) is None:
        raise Skipped(f"{program} is not installed")


class Stage:
    """The build, a temporary folder, and the tree that `cmake --install --prefix /usr` makes in it."""

    def __init__(self, build, folder):
        self.build, self.folder = build, folder
        self.root = folder / "root"
        self.install(self.root, "/usr")

    def install(self, root, prefix, *args):
        return run(["cmake", "--install", self.build, "--prefix", prefix, *args], env=dict(os.environ, DESTDIR=str(root)))

    def path(self, name):
        return self.root / name.lstrip("/")

    def text(self, name):
        return self.path(name).read_text()

    @property
    def program(self):
        return self.path("/usr/bin/sluice")


def files_below(root):
    return sorted("/" + str(p.relative_to(root)) for p in root.rglob("*") if p.is_symlink() or not p.is_dir())


# -- what is installed

MANUAL = "/usr/share/man/man1/sluice.1"
BASH = "/usr/share/bash-completion/completions/sluice"
UNIT = "/usr/lib/systemd/system/sluice.service"
CONFIG = "/etc/sluice/sluice.cfg"


def zsh_file(stage):
    return next(f for f in files_below(stage.root) if f.endswith("/_sluice"))


def check_files_are_where_they_belong(stage):
    wanted = ["/usr/bin/sluice", "/usr/sbin/haproxy", MANUAL, BASH, UNIT, CONFIG, "/usr/lib/sysusers.d/sluice.conf",
              "/usr/lib/tmpfiles.d/sluice.conf", "/etc/default/sluice", "/etc/logrotate.d/sluice",
              "/etc/rsyslog.d/49-sluice.conf", "/usr/share/doc/sluice/configuration.txt", "/usr/share/doc/sluice/LICENSE"]
    there = files_below(stage.root)
    missing = [f for f in wanted if f not in there]
    expect(not missing, f"not installed: {missing}")
    expect(os.access(stage.program, os.X_OK), "the program cannot be executed")


def check_no_place_is_left_open(stage):
    for name in files_below(stage.root):
        path = stage.path(name)
        if path.is_symlink() or path == stage.program:
            continue
        left = re.findall(r"@[A-Z][A-Z_]+@", path.read_text())
        expect(not left, f"{name}: {left}")


def check_another_prefix_keeps_to_itself(stage):
    root = stage.folder / "opt"
    stage.install(root, "/opt/lb")
    outside = [f for f in files_below(root) if not f.startswith("/opt/lb/")]
    expect(not outside, f"outside of the prefix: {outside}")
    unit = (root / "opt/lb/lib/systemd/system/sluice.service").read_text()
    expect("ExecStart=/opt/lb/bin/sluice " in unit and "CONFIG=/opt/lb/etc/sluice/sluice.cfg" in unit, unit)


def check_what_was_changed_is_kept(stage):
    root = stage.folder / "again"
    stage.install(root, "/usr")
    (root / "etc/sluice/sluice.cfg").write_text("# mine\n")
    (root / "usr/sbin/haproxy").unlink()
    (root / "usr/sbin/haproxy").write_text("the one of somebody else\n")
    stage.install(root, "/usr")
    expect((root / "etc/sluice/sluice.cfg").read_text() == "# mine\n", "the configuration was overwritten")
    expect((root / "usr/sbin/haproxy").read_text() == "the one of somebody else\n", "another haproxy was overwritten")


def check_the_link_can_be_left_out(stage):
    root = stage.folder / "component"
    stage.install(root, "/usr", "--component", "sluice")
    there = files_below(root)
    expect("/usr/bin/sluice" in there and "/usr/sbin/haproxy" not in there, str(there))


def check_the_link_is_haproxy(stage):
    expect(run([stage.path("/usr/sbin/haproxy"), "-v"]).startswith("HAProxy version "), "-v through the link")
    expect(run([stage.program, "-v"]).startswith("Sluice version "), "-v of the program")


# -- configuration

def here(config, folder):
    """The installed configuration for a test: our own folder, and users that exist."""
    config = config.replace("/run/sluice/", f"{folder}/")
    try:
        pwd.getpwnam("sluice")
    except KeyError:
        config = re.sub(r"^    (user|group) sluice\n", "", config, flags=re.M)
    return config


def check_configuration_is_good(stage):
    path = stage.folder / "as-installed.cfg"
    path.write_text(here(stage.text(CONFIG), stage.folder))
    said = run([stage.program, "-c", "-V", "-dW", "-f", path])
    expect(said == "Configuration file is valid\n", said)


def check_the_example_in_the_configuration_is_good(stage):
    text = here(stage.text(CONFIG), stage.folder)
    example = re.search(r"^#frontend .*", text, re.M | re.S).group()
    path = stage.folder / "example.cfg"
    path.write_text(text.replace(example, re.sub(r"^#", "", example, flags=re.M)))
    said = run([stage.program, "-c", "-V", "-dW", "-f", path])
    expect(said == "Configuration file is valid\n", said)


# -- options and commands: --help and `help` are held against manual page and completion

def options_of(text):
    """Options named in a text. -dKhelp and -dMhelp are arguments of -dK and -dM."""
    found = re.findall(r"(?:^|[\s,/])(--?[A-Za-z0-9]+|--)(?![A-Za-z0-9])", text, re.M)
    return {re.sub(r"^(-d[KM])help$", r"\1", f) for f in found}


def options_in_help(stage):
    help_text = run([stage.program, "--help"])
    found = options_of("\n".join(line for line in help_text.splitlines() if line.startswith(" " * 8)))
    expect(len(found) > 30, f"only {sorted(found)} found in --help")
    return found


def without_font(text):
    return re.sub(r"\\f[BIPR]", "", text.replace("\\-", "-"))


def names_option(text, option):
    return re.search(rf"(?<![A-Za-z0-9-]){re.escape(option)}(?![A-Za-z0-9])", text) is not None


def check_every_option_is_documented(stage):
    texts = {"doc/sluice.1.in": without_font(stage.text(MANUAL)),
             "packaging/completion/sluice.bash.in": stage.text(BASH),
             "packaging/completion/_sluice.in": stage.text(zsh_file(stage)).replace("{-h,--help}", " -h --help ")}
    missing = [f"{option} is in --help but not in {name}"
               for option in sorted(options_in_help(stage)) for name, text in texts.items() if not names_option(text, option)]
    expect(not missing, "\n".join(missing))


def check_every_documented_option_is_known(stage):
    """An option of the manual page is taken, or refused by name; never unknown."""
    page = without_font(stage.text(MANUAL)).split(".SH OPTIONS")[1].split(".SH ")[0]
    heads = re.findall(r"^\.TP\n(.*)$", page, re.M)
    options = sorted(o for head in heads for o in options_of(head.replace('"', " ")))
    expect(len(options) > 30, f"only {options} found")
    unknown = [o for o in options if "unknown option" in run([stage.program, o], status=None)]
    expect(not unknown, f"not known to the program: {unknown}")


def command_words(line):
    """`  set timeout [cli] <delay>   : change...` -> "set timeout"; None for other lines."""
    match = re.match(r"  ([a-z][^:]*?)\s*(?:\[[^\]]*\]\S*)?\s*: ", line)
    if match is None:
        return None
    words = []
    for word in match.group(1).split():
        if not re.fullmatch(r"[a-z][a-z-]*", word):
            break
        words.append(word)
    return " ".join(words)


def ask(path, command, limit=10):
    end = time.monotonic() + limit
    while True:
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(limit)
        try:
            client.connect(str(path))
            break
        except OSError:
            client.close()
            if time.monotonic() > end:
                raise Failed(f"nobody answers at {path}")
            time.sleep(0.05)
    with client:
        client.sendall(command.encode() + b"\n")
        answer = b""
        while piece := client.recv(65536):
            answer += piece
    return answer.decode()


def check_the_configuration_serves_and_its_commands_are_completed(stage):
    config = re.sub(r"^    (user|group|chroot|log) .*\n", "", stage.text(CONFIG), flags=re.M)
    path = stage.folder / "serving.cfg"
    path.write_text(config.replace("/run/sluice/", f"{stage.folder}/").replace("    log global\n", ""))
    process = subprocess.Popen([stage.program, "-db", "-q", "-f", path], stdin=subprocess.DEVNULL)
    try:
        told = ask(stage.folder / "admin.sock", "help")
    finally:
        process.terminate()
        status = process.wait(30)
    expect(status == 143 or status == -15, f"ended with {status}")
    commands = [c for c in map(command_words, told.splitlines()) if c]
    expect("show info" in commands, told)
    for name in (BASH, zsh_file(stage)):
        known = stage.text(name)
        missing = [c for c in commands if re.search(rf'^(.*=.*")?{re.escape(c)}( |"|$)', known, re.M) is None]
        expect(not missing, f"{name}: add to packaging/completion/commands.txt: {missing}")


# -- manual page, completion, service

def check_manual_page_is_clean(stage):
    if shutil.which("mandoc"):
        run(["mandoc", "-T", "lint", "-W", "error", stage.path(MANUAL)])
        return
    need("man")
    env = dict(os.environ, LC_ALL="C.UTF-8", MANWIDTH="80", MANROFFSEQ="")
    said = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", str(stage.path(MANUAL))], text=True,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env, timeout=60)
    expect(said.returncode == 0 and said.stderr == "", said.stderr)
    shown = subprocess.run(["man", "-l", str(stage.path(MANUAL))], text=True, capture_output=True, env=env, timeout=60)
    expect(shown.returncode == 0 and "EXIT STATUS" in shown.stdout, shown.stderr)


def complete(stage, *words):
    """What bash offers when these words stand there and the last one is being typed."""
    script = ('. "$1"; shift; COMP_WORDS=(sluice "$@"); COMP_CWORD=$#; _sluice; printf "%s\\n" "${COMPREPLY[@]}"')
    return run(["bash", "-c", script, "bash", stage.path(BASH), *words]).split()


def check_bash_completes(stage):
    need("bash")
    for words, wanted in [(["-dKac"], ["-dKacl"]), (["-dKacl,sm"], ["-dKacl,smp"]), (["-dKh"], ["-dKhelp"]),
                          (["--he"], ["--help"]), (["ct"], ["ctl"]), (["ctl", "show", "sch"], ["schema"]),
                          (["ctl", "-s", "/x", "set", "time"], ["timeout"]), (["ctl", "dis", ""], []),
                          (["-c", "-f", f"{stage.root}/etc/slu"], [f"{stage.root}/etc/sluice"]),
                          (["-f", "a.cfg", "-vq"], ["-vq", "-vqs", "-vqb"])]:
        got = complete(stage, *words)
        expect(sorted(got) == sorted(wanted), f"{words}: {got} instead of {wanted}")


def check_zsh_reads_its_completion(stage):
    need("zsh")
    run(["zsh", "-n", stage.path(zsh_file(stage))])


def check_the_service_is_good(stage):
    need("systemd-analyze")
    unit = stage.folder / "sluice.service"
    unit.write_text(stage.text(UNIT).replace("=/usr/bin/sluice", f"={stage.program}"))
    said = run(["systemd-analyze", "verify", "--man=no", unit], status=None, env=dict(os.environ, SYSTEMD_LOG_LEVEL="warning"))
    if "sluice.service" not in said and said.strip():
        raise Skipped("systemd-analyze does not work here: " + said.strip().splitlines()[-1])
    expect(said == "", said)


def check_the_users_and_folders_are_made(stage):
    need("systemd-sysusers")
    need("systemd-tmpfiles")
    root = stage.folder / "users"
    (root / "etc").mkdir(parents=True)
    run(["systemd-sysusers", f"--root={root}", stage.path("/usr/lib/sysusers.d/sluice.conf")])
    expect("sluice:" in (root / "etc/passwd").read_text(), "no user sluice")
    if os.geteuid() != 0:
        raise Skipped("the folders: only root may give them away")
    run(["systemd-tmpfiles", f"--root={root}", "--create", stage.path("/usr/lib/tmpfiles.d/sluice.conf")])
    expect((root / "run/sluice").is_dir() and (root / "var/lib/sluice").is_dir(), str(files_below(root)))


# -- packages

def packages(stage):
    for program in ("cpack", "dpkg-deb", "dpkg-shlibdeps", "file"):
        need(program)
    folder = stage.folder / "packages"
    if not folder.exists():
        run(["cpack", "-G", "DEB", "--config", stage.build / "CPackConfig.cmake", "-B", folder], limit=150, cwd=stage.build)
    found = {p.name.split("_")[0]: p for p in folder.glob("*.deb")}
    expect(set(found) == {"sluice", "sluice-compat"}, str(sorted(found)))
    return found


def check_package_has_what_is_installed(stage):
    package = packages(stage)["sluice"]
    run(["dpkg-deb", "-x", package, stage.folder / "unpacked"])
    packed = files_below(stage.folder / "unpacked")
    differ = {"/usr/sbin/haproxy", "/usr/share/doc/sluice/LICENSE"}  # in sluice-compat; called copyright
    wanted = sorted({f.replace("sluice.1", "sluice.1.gz") for f in files_below(stage.root)} - differ
                    | {"/usr/share/doc/sluice/copyright", "/usr/share/doc/sluice/changelog.gz"})
    expect(packed == wanted, f"in the package: {sorted(set(packed) - set(wanted))}, not there: {sorted(set(wanted) - set(packed))}")
    expect(run([stage.folder / "unpacked/usr/bin/sluice", "-v"]).startswith("Sluice version "), "the packed program")


def check_package_control_files(stage):
    found = packages(stage)
    control = run(["dpkg-deb", "-f", found["sluice"]])
    expect(re.search(r"^Depends: .*libc6 \(", control, re.M), control)
    scripts = stage.folder / "control"
    run(["dpkg-deb", "-e", found["sluice"], scripts])
    kept = scripts.joinpath("conffiles").read_text().split()
    expect(kept == [f for f in files_below(stage.root) if f.startswith("/etc/")], f"conffiles: {kept}")
    run(["dpkg-deb", "-e", found["sluice-compat"], stage.folder / "control-compat"])
    for name in ("control/postinst", "control/prerm", "control/postrm", "control-compat/preinst", "control-compat/postrm"):
        run(["sh", "-n", stage.folder / name])
        expect(os.access(stage.folder / name, os.X_OK), f"{name} cannot be executed")


def in_a_view(script, *args):
    """Runs a script that works on a copy-on-write view of the system."""
    for program in ("dpkg", "unshare", "chroot"):
        need(program)
    if os.geteuid() != 0:
        raise Skipped("only root can install packages")
    done = subprocess.run([HERE / script, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=120)
    if done.returncode == SKIPPED:
        raise Skipped(done.stdout.strip().splitlines()[-1])
    expect(done.returncode == 0, done.stdout)


def check_package_is_installed_upgraded_and_purged(stage):
    found = packages(stage)
    in_a_view("package_life.sh", found["sluice"], found["sluice-compat"])


def check_package_under_systemd(stage):
    need("ip")
    need("pgrep")
    if "not supported" in run([stage.program, "-Ws", "-f", "/dev/null"], status=None):
        raise Skipped("the program has no -Ws yet")
    if "SLUICE_SANITIZE:STRING=\n" not in (stage.build / "CMakeCache.txt").read_text():
        raise Skipped("the hardened unit does not let a sanitizer look for leaks")
    in_a_view("under_systemd.sh", packages(stage)["sluice"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--only", default="", help="only checks whose name contains this")
    parser.add_argument("--without", help="no checks whose name contains this")
    options = parser.parse_args()
    if shutil.which("cmake") is None:
        print("cmake is not installed")
        return SKIPPED
    passed = failed = skipped = 0
    with tempfile.TemporaryDirectory(prefix="pkg-") as folder:
        stage = Stage(options.build.resolve(), pathlib.Path(folder))
        for name, check in list(globals().items()):
            if not name.startswith("check_") or options.only not in name or (options.without and options.without in name):
                continue
            try:
                check(stage)
                passed += 1
            except Skipped as why:
                skipped += 1
                print(f"{name}: skipped: {why}")
            except (Failed, subprocess.TimeoutExpired, OSError) as why:
                failed += 1
                print(f"{name}: {why}")
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

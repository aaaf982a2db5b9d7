#!/usr/bin/env python3
"""Runs the tests of one build and counts them. Called by scripts/test; --help says what it takes.

Every kind of test is a list of Case objects; a Case runs one process and says how many single tests passed, failed or were
skipped in it. All of them run in one pool of --jobs threads, each with its own temporary folder and time limit.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TAIL_LINES = 60
SECOND_RUNS = 10  # more failures than this are no bad luck
SKIPPED = 77  # exit status of a test that cannot run here
# What varnishtest says of a program that ended by a signal of its own doing (SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV).
CRASHED = re.compile(r"Bad exit status: \S+ exit \S+ signal (4|6|7|8|11)\b")


class Outcome:
    """What came of a case. final: no second run may take it back (a crash, or a sanitizer's report)."""

    def __init__(self, passed=0, failed=0, skipped=0, output="", note="", final=False):
        self.passed, self.failed, self.skipped = passed, failed, skipped
        self.output, self.note, self.final = output, note, final


def run_process(argv, limit, cwd=None, env=None):
    """Returns (exit status or None when the time was over, combined output). Takes the whole process group down at the end."""
    process = subprocess.Popen(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True)
    try:
        output, _ = process.communicate(timeout=limit)
        status = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGABRT)
        try:
            output, _ = process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
        status = None
    try:
        os.killpg(process.pid, signal.SIGKILL)  # whatever it left behind
    except ProcessLookupError:
        pass
    return status, output.decode("utf-8", "backslashreplace")


def tail(text):
    lines = text.splitlines()
    if len(lines) <= TAIL_LINES:
        return text
    return "\n".join([f"... {len(lines) - TAIL_LINES} lines before"] + lines[-TAIL_LINES:])


def sanitizer_env(env, folder):
    """Sanitizer reports of every process of a test go to files in folder, so that none is overlooked."""
    log = f"log_path={folder}/sanitizer"
    env["ASAN_OPTIONS"] = f"{log}:abort_on_error=0:exitcode=99:detect_stack_use_after_return=1"
    env["UBSAN_OPTIONS"] = f"{log}:print_stacktrace=1"
    env["TSAN_OPTIONS"] = f"{log}:second_deadlock_stack=1:exitcode=99"
    return env


def sanitizer_reports(folder):
    return "".join(p.read_text(errors="replace") for p in sorted(pathlib.Path(folder).glob("sanitizer.*")))


class UnitCase:
    """One GoogleTest program; counts its cases."""

    def __init__(self, name, argv, limit):
        self.kind, self.name, self.argv, self.limit = "unit", name, argv, limit

    def run(self, folder, options):
        report = pathlib.Path(folder) / "report.json"
        argv = self.argv + [f"--gtest_output=json:{report}"]
        if options.filter:
            argv.append(f"--gtest_filter=*{options.filter}*")
        env = dict(os.environ, TMPDIR=folder)
        status, output = run_process(argv, self.limit, cwd=folder, env=env)
        if report.exists() and status in (0, 1):
            result = Outcome()
            for suite in json.loads(report.read_text())["testsuites"]:
                for case in suite["testsuite"]:
                    if case.get("result") == "SKIPPED":
                        result.skipped += 1
                    elif case.get("status") != "RUN":
                        continue
                    elif case.get("failures"):
                        result.failed += 1
                    else:
                        result.passed += 1
            if status == 1 and result.failed == 0:
                result.failed = 1  # failed outside of any case
            if result.failed:
                result.output = output
            return result
        # It ended in the middle: what it had said until then, and one failure for the end itself.
        passed = len(re.findall(r"^\[       OK \] ", output, re.M))
        failed = len(re.findall(r"^\[  FAILED  \] .*ms\)$", output, re.M))
        reason = "took too long" if status is None else f"ended with status {status}"
        return Outcome(passed, failed + 1, 0, output, reason, final=status is not None)


class CommandCase:
    """A program that is one test by itself: status 0 passed, 77 skipped. It may count more by a last line `N passed, N failed`."""

    def __init__(self, kind, name, argv, limit, env=None):
        self.kind, self.name, self.argv, self.limit, self.env = kind, name, argv, limit, env or {}

    def run(self, folder, options):
        env = dict(os.environ, TMPDIR=folder, **self.env)
        if self.kind != "fuzz":
            sanitizer_env(env, folder)
        status, output = run_process(self.argv, self.limit, cwd=folder, env=env)
        if status == SKIPPED:
            lines = output.strip().splitlines()
            return Outcome(skipped=1, note=lines[-1] if lines else "")
        reports = sanitizer_reports(folder)
        counted = re.search(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", output.strip().split("\n")[-1])
        result = Outcome(1) if not counted else Outcome(*(int(n or 0) for n in counted.groups()))
        if (status != 0 and result.failed == 0) or reports:
            result.failed += 1
            result.note = "took too long" if status is None else f"ended with status {status}"
            if not counted:
                result.passed = 0
        if result.failed:
            result.output = output + reports
            result.final = bool(reports) or self.kind == "fuzz" or CRASHED.search(output) is not None
        return result


class RegCase(CommandCase):
    """A varnishtest scenario against the program, called by the name haproxy."""

    def __init__(self, path, link, limit):
        super().__init__("reg", str(path.relative_to(ROOT / "reg-tests")), [], limit)
        self.path, self.link = path, link

    def run(self, folder, options):
        if shutil.which("varnishtest") is None:
            return Outcome(skipped=1, note="varnishtest is not installed")
        # Without -v varnishtest prints its log only for what fails. Its own limit comes first, so that the log is seen.
        self.argv = ["varnishtest", "-t", str(self.limit), "-D", f"sluice={self.link}", str(self.path)]
        # First in PATH too: a scenario that calls `haproxy` in a shell must get this program and not an installed one.
        self.env = {"HAPROXY_PROGRAM": str(self.link), "PATH": f"{self.link.parent}{os.pathsep}{os.environ['PATH']}"}
        limit, self.limit = self.limit, self.limit + 15
        try:
            return super().run(folder, options)
        finally:
            self.limit = limit


class ConfCase:
    """x.cfg and x.expect: what is said of a configuration.

    x.expect may begin with lines `# exit: 1` (default 0), `# args: ARGS` (before `-c -f FILE`, or instead of them when ARGS
    names %FILE%), `# env: NAME=VALUE`, `# match: contains` (the expected lines appear in this order, others between them are
    allowed). In the text, %FILE% is the path of the configuration, %DIR% its folder, (PID) the process number, %VERSION% and %PROGRAM% what the introduction says of itself.
    """

    def __init__(self, config, program, limit):
        self.kind, self.limit = "conf", limit
        self.name = str(config.relative_to(ROOT / "tests/conf").with_suffix(""))
        self.config, self.program = config, program

    def run(self, folder, options):
        expect_file = self.config.with_suffix(".expect")
        head, body = [], ""
        if expect_file.exists():
            lines = expect_file.read_text().split("\n")
            while lines and re.match(r"# (exit|args|env|match):", lines[0]):
                head.append(lines.pop(0))
            body = "\n".join(lines)
        elif not options.accept:
            return Outcome(failed=1, output=f"{expect_file} is missing; --accept writes it")
        facts = [h[2:].split(":", 1) for h in head]
        wanted_status = next((int(v) for k, v in facts if k == "exit"), 0)
        args = next((v.strip() for k, v in facts if k == "args"), "")
        contains = any(k == "match" and v.strip() == "contains" for k, v in facts)
        if "%FILE%" not in args:
            args += " -c -f %FILE%"
        argv = [self.program] + [
            a.replace("%FILE%", str(self.config)).replace("%DIR%", str(self.config.parent)) for a in shlex.split(args)]
        env = sanitizer_env(dict(os.environ, TMPDIR=folder), folder)
        for key, value in facts:
            if key == "env":
                name, _, content = value.strip().partition("=")
                env[name] = content
        status, output = run_process(argv, self.limit, cwd=folder, env=env)
        output = output.replace(str(self.config), "%FILE%").replace(str(self.config.parent), "%DIR%")
        output = re.sub(r"^(\[[A-Z]+\] *)\(\d+\)", r"\1(PID)", output, flags=re.M)
        output = re.sub(r"^(\[NOTICE\].* : \S+ version is ).*", r"\1%VERSION%", output, flags=re.M)
        output = re.sub(r"^(\[NOTICE\].* : path to executable is ).*", r"\1%PROGRAM%", output, flags=re.M)
        reports = sanitizer_reports(folder)
        if reports or status is None:
            return Outcome(failed=1, output=output + reports, note="took too long" if status is None else "sanitizer",
                           final=bool(reports))
        if options.accept:
            head = [h for h in head if not h.startswith("# exit:")]
            if status:
                head.insert(0, f"# exit: {status}")
            if not contains:
                expect_file.write_text("\n".join(head + [output]))
                return Outcome(passed=1)
        problems = []
        if status != wanted_status:
            problems.append(f"exit status {status}, expected {wanted_status}")
        want, got = body.strip("\n").split("\n"), output.strip("\n").split("\n")
        if contains:
            rest = iter(got)
            problems += [f"not there (in this order): {w}" for w in want if w and w not in rest]
            if problems:
                problems += ["output:"] + got
        elif want != got:
            import difflib
            problems += list(difflib.unified_diff(want, got, "expected", "printed", lineterm="", n=2))
        if problems:
            return Outcome(failed=1, output="\n".join([shlex.join(argv)] + problems))
        return Outcome(passed=1)


def compiled_cases(build, scale):
    """Unit tests and corpus replays, as CMake registered them."""
    listing = subprocess.run(["ctest", "--test-dir", str(build), "--show-only=json-v1"], capture_output=True, check=True)
    for test in json.loads(listing.stdout)["tests"]:
        argv = test.get("command")
        if not argv:
            continue
        if test["name"].startswith("unit."):
            yield UnitCase(test["name"][5:], argv, 120 * scale)
        elif test["name"].startswith("fuzz."):
            yield CommandCase("fuzz", test["name"][5:], argv, 120 * scale)


def collect(options):
    build = options.build.resolve()
    cache = (build / "CMakeCache.txt").read_text() if (build / "CMakeCache.txt").exists() else ""
    scale = 4 if re.search(r"^SLUICE_SANITIZE:\w+=.+", cache, re.M) else 1
    program = (options.sluice or build / "sluice").resolve()
    cases = []
    if cache:
        cases += compiled_cases(build, scale)
    if program.exists():
        links = build / "as-haproxy"  # the program under the name that the test driver knows
        links.mkdir(parents=True, exist_ok=True)
        link = links / "haproxy"
        if not link.is_symlink() or os.readlink(link) != str(program):
            link.unlink(missing_ok=True)
            link.symlink_to(program)
        cases += [ConfCase(p, str(program), 20 * scale) for p in sorted((ROOT / "tests/conf").rglob("*.cfg"))
                  if not p.name.startswith("_")]
        cases += [RegCase(p, link, 30 * scale) for p in sorted((ROOT / "reg-tests").rglob("*.vtc"))]
        env = {"SLUICE": str(program), "HAPROXY_PROGRAM": str(link), "SLUICE_BUILD": str(build)}
        cases += [CommandCase("e2e", p.name, [str(p)], 180 * scale, env)
                  for p in sorted((ROOT / "tests/e2e").glob("*")) if p.is_file() and os.access(p, os.X_OK)]
    else:
        print(f"run: {program} is not there: only compiled tests run", flush=True)
    only = set(options.only.split(",")) if options.only else None
    cases = [c for c in cases if not only or c.kind in only]
    if options.filter:
        cases = [c for c in cases if c.kind == "unit" or options.filter in f"{c.kind} {c.name}"]
    return cases


def main():
    parser = argparse.ArgumentParser(description="Runs the tests of one build and counts them.")
    parser.add_argument("--build", type=pathlib.Path, required=True, help="build folder")
    parser.add_argument("--sluice", type=pathlib.Path, help="the program, if not the one in the build folder")
    parser.add_argument("--only", help="kinds to run: unit,fuzz,conf,reg,e2e")
    parser.add_argument("--filter", help="only tests whose name contains this")
    parser.add_argument("--accept", action="store_true", help="conf: write what is printed as what is expected")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--verbose", action="store_true", help="a line for every test, not only for what takes long or fails")
    options = parser.parse_args()

    cases = collect(options)
    total = Outcome()
    lock = threading.Lock()
    done = 0
    last_said = time.monotonic()
    failures = []  # (case, first outcome), in the order they came

    def run_once(case):
        began = time.monotonic()
        folder = tempfile.mkdtemp(prefix="sluice-test-")
        try:
            result = case.run(folder, options)
        except Exception as error:  # a broken test is a failed test
            result = Outcome(failed=1, output=repr(error))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return result, time.monotonic() - began

    def said(result):
        return "\n".join("    " + line for line in tail(result.output).splitlines())

    def run_one(case):
        nonlocal done, last_said
        result, took = run_once(case)
        with lock:
            done += 1
            label = f"[{done}/{len(cases)}] {case.kind} {case.name}"
            if result.failed:
                failures.append((case, result))
                print(f"{label}: FAILED{' (' + result.note + ')' if result.note else ''} "
                      f"({result.passed} passed, {result.failed} failed, {took:.1f} s)")
                print(said(result), flush=True)
                return
            total.passed += result.passed
            total.skipped += result.skipped
            if case.kind == "unit":
                print(f"{label}: {result.passed} passed ({took:.1f} s)", flush=True)
            elif result.skipped:
                print(f"{label}: skipped: {result.note}", flush=True)
            elif options.verbose or took > 5 or time.monotonic() - last_said > 5 or done == len(cases):
                print(f"{label}: passed ({took:.1f} s)", flush=True)
            else:
                return
            last_said = time.monotonic()

    with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, options.jobs)) as pool:
        list(pool.map(run_one, cases))

    # A test may fail for want of time on a busy machine. It has a second run, alone, unless what failed was a crash or a
    # sanitizer's finding; a test that needed it is named, so that it is mended and not forgotten.
    unsteady = []
    for place, (case, first) in enumerate(failures):
        result = first
        if not first.final and place < SECOND_RUNS:
            result, took = run_once(case)
            print(f"again, alone: {case.kind} {case.name}: {'FAILED' if result.failed else 'passed'} ({took:.1f} s)", flush=True)
            if not result.failed:
                unsteady.append(f"{case.kind} {case.name}")
        total.passed += result.passed
        total.failed += result.failed
        total.skipped += result.skipped
    # The last page of a long log shows what failed, first runs too.
    if failures:
        print("== what failed")
        for case, first in failures:
            print(f"{case.kind} {case.name}{' (' + first.note + ')' if first.note else ''}")
            print(said(first))
    if unsteady:
        print(f"unsteady, passed only alone: {', '.join(unsteady)}")

    line = f"{total.passed} passed, {total.failed} failed"
    if total.skipped:
        line += f", {total.skipped} skipped"
    print(line, flush=True)
    return 1 if total.failed or total.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())

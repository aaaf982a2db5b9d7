#!/usr/bin/env python3
"""Makes known_words.inc: every word of the configuration language, so that what is not built can be refused by name.

usage: make_known_words.py KEYWORDS.txt [HEADINGS.tsv] > known_words.inc

KEYWORDS.txt is what `-dKall` prints; HEADINGS.tsv (offset, kind, section, heading) names the keywords of the manual, which has
some that the listing leaves out.
"""
import re
import sys

SECTIONS = ("acme backend cache crt-list crt-store defaults fcgi-app frontend global healthcheck http-errors listen "
            "log-forward log-profile mailers peers program resolvers ring traces userlist").split()
RULES = {"http-request", "http-response", "http-after-response", "http-check", "tcp-request connection", "tcp-request session",
         "tcp-request content", "tcp-response content", "tcp-check", "quic-initial"}
words = set()


def add(cls, scope, name):
    name = name.strip()
    if name and not name.startswith("<"):
        words.add((cls, scope, name))


def literal(text):
    """The leading words that are written as they stand."""
    out = []
    for w in text.split():
        if re.search(r"[<\[{(|]", w):
            break
        out.append(w)
    return " ".join(out[:3])


def config_line(scope, line):
    if line.startswith("bind <addr>"):
        rest = [w for w in line.split()[2:] if w != "ssl" or line.split()[-1] == "ssl"]
        add("BindOption", "", rest[0] if rest else "")
        return
    if line.startswith("server <name> <addr>"):
        add("ServerOption", "", line.split()[3] if len(line.split()) > 3 else "")
        return
    line = re.sub(r"\[.*|\+\d+$", "", line).strip()
    for rule in RULES:
        if line.startswith(rule + " "):
            add("Action", rule, line[len(rule) + 1:].split()[0].rstrip("*").split("(")[0])
            add("Config", scope, rule)
            return
    add("Config", scope, line)


def listing(path):
    part = scope = ""
    for line in open(path, encoding="utf-8"):
        line = line.rstrip("\n")
        if line.startswith("# List of registered "):
            part = line
            continue
        if not line or line.startswith("#"):
            continue
        if "configuration keywords" in part:
            if not line.startswith("\t"):
                scope = line.strip()
            else:
                config_line(scope, line.strip())
        elif "ACL keywords" in part:
            add("Acl", "", line.split()[0])
        elif "CLI keywords" in part:
            add("Cli", "", re.sub(r"\s*\[(MASTER|WORKER|.*)\].*", "", line))
        elif "converter" in part:
            add("Converter", "", re.split(r"[(:]", line)[0])
        elif "filter names" in part:
            add("Filter", "", line.split()[0])
        elif "fetch" in part:
            add("Sample", "", re.split(r"[(:]", line.split("]", 1)[1].strip())[0])
        elif "service" in part:
            add("Service", "", line.split()[0])


def headings(path):
    scopes = {"3": "global", "4.2": "listen", "11.2": "peers", "12.1": "traces", "12.2": "userlist", "12.3": "mailers",
              "12.4": "http-errors", "12.5": "ring", "12.6": "log-forward", "12.7": "crt-store", "12.8": "acme", "5.3.2": "resolvers",
              "6.2.1": "cache", "10.1.1": "fcgi-app", "8.3.5": "log-profile"}
    for line in open(path, encoding="utf-8"):
        f = line.rstrip("\n").split("\t")
        if len(f) < 4 or f[1] != "keyword":
            continue
        section = "3" if f[2].startswith("3.") else f[2]
        text = re.sub(r"\(deprecated\)", "", f[3])
        text = re.sub(r"^no (?=\w)", "", text.strip())
        if section in scopes:
            name = literal(text)
            for rule in RULES:
                if name == rule or name.startswith(rule + " "):
                    name = rule
            if name.split(" ")[0] not in SECTIONS or name.split(" ")[0] in ("acme", "cache"):
                add("Config", scopes[section], name)
        elif section == "5.1":
            add("BindOption", "", literal(text).split(" ")[0])
        elif section == "5.2":
            add("ServerOption", "", literal(text).split(" ")[0])


listing(sys.argv[1])
if len(sys.argv) > 2:
    headings(sys.argv[2])
for s in SECTIONS:
    add("Config", "section", s)
print("// Made by make_known_words.py; do not edit.")
for cls, scope, name in sorted(words):
    print('{Class::%s, "%s", "%s"},' % (cls, scope, name))

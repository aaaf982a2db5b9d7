"""A strict reader of HTTP/1: it knows RFC 9110 and 9112 and takes nothing that they forbid a sender.

The oracle of the differential tests: what a proxy sends, to a server or to a client, has to pass here. Functions return None
while bytes are missing and raise Broken for what cannot become a message.
"""
import collections
import re

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
REQUEST_LINE = re.compile(rb"(" + TOKEN + rb") ([\x21-\x22\x24-\x7e]+) HTTP/1\.([01])\Z")
STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2}) [\t\x20-\x7e\x80-\xff]*\Z")
FIELD = re.compile(rb"(" + TOKEN + rb"):[ \t]*(.*?)[ \t]*\Z", re.S)
HOST = re.compile(rb"(\[[0-9A-Za-z:.%_~-]+\]|[0-9A-Za-z\-._~%!$&'()*+,;=]*)(:[0-9]*)?\Z")
ABSOLUTE = re.compile(rb"[A-Za-z][A-Za-z0-9+\-.]*://([^/?#]*)")
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})\Z")  # a proxy drops extensions
NOT_IN_TRAILERS = (b"content-length", b"transfer-encoding", b"host", b"connection", b"authorization", b"trailer", b"te")

# last: no request may follow on the connection.
Request = collections.namedtuple("Request", "method target head_end end last")
Response = collections.namedtuple("Response", "status head head_end end")


class Broken(Exception):
    """What was received cannot be a message."""


def lines(data, start, what):
    """Lines up to the empty one and the place behind it; None while it is missing. Other control characters than CR, LF and
    NUL may stay in values (RFC 9110 5.5)."""
    out = []
    while True:
        end = data.find(b"\n", start)
        if end < 0:
            return None
        if end == start or data[end - 1:end] != b"\r":
            raise Broken(f"bare LF in {what}")
        line = data[start:end - 1]
        start = end + 1
        if b"\r" in line:
            raise Broken(f"bare CR in {what}")
        if b"\0" in line:
            raise Broken(f"NUL in {what}")
        if not line:
            return out, start
        out.append(line)


def fields(some, what):
    out = collections.defaultdict(list)
    for line in some:
        if line[:1] in (b" ", b"\t"):
            raise Broken(f"folded line in {what}")
        m = FIELD.match(line)
        if not m:
            raise Broken(f"not a field line in {what}: {line[:60]!r}")
        out[m[1].lower()].append(m[2])
    return out


def check_target(method, target, head):
    hosts = head[b"host"]
    if len(hosts) > 1:
        raise Broken("several Hosts")
    if hosts and not HOST.match(hosts[0]):
        raise Broken(f"Host {hosts[0]!r}")
    if method == b"CONNECT":
        if not re.fullmatch(rb"[^/?#@]+:[0-9]+", target):
            raise Broken(f"CONNECT target {target[:60]!r}")
    elif target == b"*":
        if method != b"OPTIONS":
            raise Broken("asterisk form without OPTIONS")
    elif target[:1] != b"/":
        m = ABSOLUTE.match(target)
        if not m:
            raise Broken(f"target {target[:60]!r}")
        if b"@" in m[1]:
            raise Broken("user part in the target")
        if not m[1]:
            raise Broken("empty host in the target")
        if hosts and m[1].lower() != hosts[0].lower():
            default = {b"http": b":80", b"https": b":443"}.get(target[:target.index(b":")].lower(), b"")
            if m[1].lower().removesuffix(default) != hosts[0].lower().removesuffix(default):
                raise Broken(f"target {target[:60]!r} with Host {hosts[0]!r}")


def framing(head, old):
    """("chunked", 0), ("length", n) or ("none", 0)."""
    coding, length = head[b"transfer-encoding"], head[b"content-length"]
    if coding:
        if length:
            raise Broken("both Content-Length and Transfer-Encoding")
        if old:
            raise Broken("Transfer-Encoding in HTTP/1.0")
        if len(coding) > 1 or coding[0].lower() != b"chunked":
            raise Broken(f"Transfer-Encoding {coding!r}")
        return "chunked", 0
    if length:
        if len(length) > 1 or not re.fullmatch(rb"[0-9]{1,18}", length[0]):
            raise Broken(f"Content-Length {length!r}")
        return "length", int(length[0])
    return "none", 0


def chunks(data, pos):
    while True:
        end = data.find(b"\n", pos)
        if end < 0:
            return None
        if data[end - 1:end] != b"\r":
            raise Broken("bare LF behind a chunk size")
        m = CHUNK.match(data[pos:end - 1])
        if not m:
            raise Broken(f"chunk size {data[pos:end - 1][:40]!r}")
        size, pos = int(m[1], 16), end + 1
        if size == 0:
            trailers = lines(data, pos, "trailers")
            if trailers is None:
                return None
            for name in fields(trailers[0], "trailers"):
                if name in NOT_IN_TRAILERS:
                    raise Broken(f"trailer {name.decode()}")
            return trailers[1]
        if len(data) < pos + size + 2:
            return None
        if data[pos + size:pos + size + 2] != b"\r\n":
            raise Broken("no CR LF behind chunk data")
        pos += size + 2


def body_end(data, pos, kind, length):
    if kind == "chunked":
        return chunks(data, pos)
    return pos + length if len(data) >= pos + length else None


def request_head(data):
    """(method, target, place behind the head, kind of body, length, last)"""
    head = lines(data, 0, "head")
    if head is None:
        return None
    some, pos = head
    if not some:
        raise Broken("empty line before the request")
    m = REQUEST_LINE.match(some[0])
    if not m:
        raise Broken(f"not a request line: {some[0][:60]!r}")
    names = fields(some[1:], "head")
    check_target(m[1], m[2], names)
    if m[3] == b"1" and not names[b"host"]:
        raise Broken("HTTP/1.1 without Host")
    options = {o.strip().lower() for v in names[b"connection"] for o in v.split(b",")}
    last = b"close" in options or (m[3] == b"0" and b"keep-alive" not in options)
    return (m[1], m[2], pos, *framing(names, m[3] == b"0"), last)


def request(data):
    head = request_head(data)
    if head is None:
        return None
    method, target, pos, kind, length, last = head
    end = body_end(data, pos, kind, length)
    return None if end is None else Request(method, target, pos, end, last)


def response(data, method, closed):
    """The first response, of those before the final one too. closed: nothing will follow, which ends some bodies."""
    head = lines(data, 0, "head")
    if head is None:
        return None
    some, pos = head
    m = STATUS_LINE.match(some[0]) if some else None
    if not m:
        raise Broken(f"not a status line: {(some or [b''])[0][:60]!r}")
    status = int(m[2])
    names = fields(some[1:], "head")
    kind, length = framing(names, m[1] == b"0")
    if status < 200 or status == 204:
        if kind != "none":
            raise Broken(f"Content-Length or Transfer-Encoding in a {status}")
        return Response(status, names, pos, len(data) if status == 101 else pos)
    if status == 304 or method == b"HEAD":
        return Response(status, names, pos, pos)
    if kind == "none":
        return Response(status, names, pos, len(data)) if closed else None
    end = body_end(data, pos, kind, length)
    return None if end is None else Response(status, names, pos, end)

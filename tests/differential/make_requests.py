#!/usr/bin/env python3
"""Writes h1_requests.tsv: hostile and odd HTTP/1 requests for h1_differential.py.

Columns: name, what a strict proxy must do ("refuse": forward nothing, or nothing complete if the fault is in a chunked body;
"any": forward it, cleaned, or refuse), request.
In requests \\r \\n \\t \\0 \\xHH \\\\ are escapes and @ID@ stands for a text that is unique per request.
"""
import os
import sys

from harness import escape

rows = []


def add(name, verdict, request):
    data = request.encode("latin1")
    assert b"@ID@" in data, name
    rows.append((name.encode("unicode_escape").decode("ascii").replace("\t", " "), verdict, escape(data)))


def get(extra="", target="/@ID@", version="HTTP/1.1", method="GET", host="Host: x\r\n", tail=""):
    return f"{method} {target} {version}\r\n{host}{extra}\r\n{tail}"


SMUGGLED = "GET /smuggled@ID@ HTTP/1.1\r\nHost: x\r\n\r\n"
SIZE = len(SMUGGLED.replace("@ID@", "case0000x"))


def post(extra, tail):
    return get(extra, method="POST", tail=tail)


# ---- lengths
for value in ["+5", "-5", "5 5", "5,6", "0x5", "5.0", "5e0", "", ",", "5,", ",5", "5;a", "\"5\"", "5\x0b", "\x0b5",
              "18446744073709551616", "99999999999999999999999999", "9223372036854775808", "5_0", "NaN", "\xa05", "5\0"]:
    add(f"length {value!a}", "refuse", post(f"Content-Length: {value}\r\n", "hello" + SMUGGLED))
for value in ["5", "05", "5, 5", "\t5\t", "5,5,5"]:
    add(f"length {value!a}", "any", post(f"Content-Length: {value}\r\n", "hello"))
add("two lengths that differ", "refuse", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello" + SMUGGLED))
add("two lengths that differ, other case", "refuse", post("Content-Length: 0\r\ncontent-LENGTH: 44\r\n", SMUGGLED))
add("two equal lengths", "any", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"))
add("length on a folded line", "any", post("Content-Length:\r\n 5\r\n", "hello"))
add("length behind a fold", "any", post("X: a\r\n Content-Length: 44\r\n", SMUGGLED))
for name in ["Content-Length ", "Content-Length\t", " Content-Length", "Content_Length\0", "Content-Length\x0b",
             "Content-Length\r", "Content\rLength", "Content-Length\xa0", "\x00Content-Length", "(Content-Length)",
             "Content Length"]:
    add(f"length named {name!a}", "refuse", post(f"A: b\r\n{name}: 44\r\n" if name[0] != " " else f"{name} : 44\r\n",
                                                 SMUGGLED))

# ---- transfer codings
CHUNKED = "5\r\nhello\r\n0\r\n\r\n"
for value in ["chunked, chunked", "chunked,identity", "identity", "gzip", "chunked, gzip", "", "xchunked", "chunkedx",
              "chunked;q=1", "\"chunked\"", "'chunked'", "\x0bchunked", "chunked\x0b", "\x0cchunked", "chunked\0",
              "\xa0chunked", "chun ked", "chunked chunked", "chunked\x01", "identity, chunked, identity", "cow", "=",
              "chunked/1"]:
    add(f"coding {value!a}", "refuse", post(f"Transfer-Encoding: {value}\r\n", CHUNKED + SMUGGLED))
    add(f"coding {value!a} with a length", "refuse",
        post(f"Content-Length: 5\r\nTransfer-Encoding: {value}\r\n", CHUNKED + SMUGGLED))
for value in ["gzip, chunked", "identity, chunked", ",chunked", "chunked,", "trailers, chunked"]:
    add(f"coding {value!a}", "refuse", post(f"Transfer-Encoding: {value}\r\n", CHUNKED))
for value in ["chunked", "Chunked", "CHUNKED", "\tchunked\t", " chunked "]:
    add(f"coding {value!a}", "any", post(f"Transfer-Encoding: {value}\r\n", CHUNKED))
    add(f"coding {value!a} before a length", "any",
        post(f"Transfer-Encoding: {value}\r\nContent-Length: 5\r\n", CHUNKED))
    add(f"coding {value!a} behind a length", "any",
        post(f"Content-Length: 200\r\nTransfer-Encoding: {value}\r\n", CHUNKED))
for a, b in [("chunked", "identity"), ("identity", "chunked"), ("chunked", "chunked"), ("chunked", ""),
             ("", "chunked"), ("gzip", "chunked"), ("chunked", "gzip"), ("chunked", "x")]:
    add(f"codings {a!a} then {b!a}", "refuse",
        post(f"Transfer-Encoding: {a}\r\nTransfer-Encoding: {b}\r\n", CHUNKED + SMUGGLED))
for name in ["Transfer-Encoding ", "Transfer-Encoding\t", "Transfer-Encoding\x0b", "Transfer\rEncoding",
             "\x0bTransfer-Encoding", "Transfer-Encoding\0", "Transfer Encoding", "Transfer-\x8aEncoding"]:
    add(f"coding named {name!a}", "refuse", post(f"Content-Length: 5\r\n{name}: chunked\r\n", CHUNKED + SMUGGLED))
add("coding named with an underscore is another field", "any",
    post("Transfer_Encoding: chunked\r\nContent-Length: 15\r\n", CHUNKED))
add("coding on a folded line", "any", post("Transfer-Encoding:\r\n chunked\r\n", CHUNKED))
add("coding folded behind another field", "any", post("X: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                                                      "hello"))
add("coding behind a bare CR", "refuse",
    post("X: a\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", CHUNKED + SMUGGLED))
add("coding behind a bare LF", "any", post("X: a\nTransfer-Encoding: chunked\r\n", CHUNKED))
add("coding from HTTP/1.0", "refuse",
    get("Transfer-Encoding: chunked\r\n", method="POST", version="HTTP/1.0", tail=CHUNKED))
add("coding and length from HTTP/1.0", "refuse",
    get("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", method="POST", version="HTTP/1.0", tail=CHUNKED))

# ---- chunks
TE = "Transfer-Encoding: chunked\r\n"
for size in ["", " 5", "+5", "-5", "0x5", "5g", "g", "5_", "5h", "10000000000000005", "fffffffffffffffff", "\x0b5",
             "5\0", "5\x0b", "\r5", "5.", "5,5", "5 5", "00000000000000000000000000000000000000000000000000000000000"
             "00000000000000000005"]:
    add(f"chunk size {size!a}", "refuse", post(TE, f"{size}\r\nhello\r\n0\r\n\r\n{SMUGGLED}"))
for size in ["5", "05", "0000000005"]:
    add(f"chunk size {size!a}", "any", post(TE, f"{size}\r\nhello\r\n0\r\n\r\n"))
add("chunk size with blanks behind", "any", post(TE, "5  \r\nhello\r\n0\r\n\r\n"))
for ext in [";", ";;a", ";=", ";a=", ";a=\"", ";a=\"b", ";a\rb", ";a=\"\r\"", ";a=\"\n\"", ";\0", ";a\x01", ";a=b c",
            ";a b", ";(a)", ";" + "a" * 5000]:
    add(f"chunk extension {ext[:20]!a}", "refuse", post(TE, f"5{ext}\r\nhello\r\n0\r\n\r\n{SMUGGLED}"))
for ext in [";a", ";a=b", ";a=\"b\"", " ; a = b", ";a;b;c", ";a=\"\\\"\""]:
    add(f"chunk extension {ext!a}", "any", post(TE, f"5{ext}\r\nhello\r\n0\r\n\r\n"))
for name, body in [("LF behind the size", "5\nhello\r\n0\r\n\r\n"), ("LF behind the data", "5\r\nhello\n0\r\n\r\n"),
                   ("CR behind the size", "5\rhello\r\n0\r\n\r\n"), ("CR behind the data", "5\r\nhello\r0\r\n\r\n"),
                   ("no end of the data", "5\r\nhello0\r\n\r\n"), ("longer data", "5\r\nhelloo\r\n0\r\n\r\n"),
                   ("shorter data", "5\r\nhell\r\n0\r\n\r\n"), ("two bytes between", "5\r\nhelloXX0\r\n\r\n"),
                   ("LF in an extension", "5;a\nhello\r\n0\r\n\r\n")]:
    add(f"chunk with {name}", "refuse", post(TE, body + SMUGGLED))
for name, trailers in [("folded", "A: b\r\n c\r\n"), ("no colon", "abc\r\n"), ("blank before the colon", "A : b\r\n"),
                       ("NUL", "A: \0\r\n"), ("bare CR", "A: b\rc\r\n"), ("empty name", ": b\r\n"),
                       ("first byte a blank", " A: b\r\n"), ("bytes above 127 in the name", "A\xe9: b\r\n")]:
    add(f"trailers: {name}", "any" if name == "folded" else "refuse", post(TE, f"5\r\nhello\r\n0\r\n{trailers}\r\n{SMUGGLED}"))
for field in ["Content-Length: 44", "Transfer-Encoding: chunked", "Host: evil", "Connection: close",
              "Authorization: Basic eA==", "Trailer: Host", "TE: trailers", "X-Fine: yes"]:
    add(f"trailer {field}", "any", post(TE, f"5\r\nhello\r\n0\r\n{field}\r\n\r\n"))
    add(f"trailer {field}, announced", "any",
        post(TE + f"Trailer: {field.split(':')[0]}\r\n", f"5\r\nhello\r\n0\r\n{field}\r\n\r\n"))
for name, end in [("LF behind the last chunk", "0\n\r\n"), ("LF at the end", "0\r\n\n"), ("CR at the end", "0\r\n\r"),
                  ("LF behind a trailer", "0\r\nA: b\n\r\n"), ("CR behind the last chunk", "0\r\r\n"),
                  ("LF in the extension of the last chunk", "0;a\n\r\n"), ("junk behind the last chunk", "0x\r\n\r\n"),
                  ("a sign before the last chunk", "-0\r\n\r\n"), ("NUL behind the last chunk", "0\0\r\n\r\n")]:
    add(f"end of chunks: {name}", "refuse", post(TE, f"5\r\nhello\r\n{end}{SMUGGLED}"))
for name, body in [("a bare LF ends an extension early", "2;\nxx\r\n4c\r\n0\r\n\r\n"),
                   ("a bare CR ends an extension early", "2;\rxx\r\n4c\r\n0\r\n\r\n"),
                   ("CR LF in a quoted extension", "2;a=\"\r\nxx\r\n\"\r\n0\r\n\r\n"),
                   ("data that end with LF LF", "2\r\nxx\n\n0\r\n\r\n"), ("data that end with CR CR", "2\r\nxx\r\r0\r\n\r\n"),
                   ("data that end with two letters", "2\r\nxxyy0\r\n\r\n"), ("a size on a folded line", "2\r\nxx\r\n 0\r\n\r\n"),
                   ("an empty line before a size", "\r\n2\r\nxx\r\n0\r\n\r\n")]:
    add(f"chunks: {name}", "refuse", post(TE, body + SMUGGLED))

# ---- families of smuggling. CL.TE: a front that believes the length, a server that believes the chunks; and so on.
for te in ["Transfer-Encoding: chunked", "transfer-encoding:chunked", "Transfer-Encoding: Chunked",
           "Transfer-Encoding:\tchunked"]:
    for order in (0, 1):
        def both(length, te=te, order=order):
            cl = f"Content-Length: {length}"
            return "\r\n".join([cl, te] if order == 0 else [te, cl]) + "\r\n"

        where = "behind" if order == 0 else "before"
        add(f"CL.TE, {te!a} {where} the length", "any", post(both(5 + SIZE), "0\r\n\r\n" + SMUGGLED))
        add(f"TE.CL, {te!a} {where} the length", "any",
            post(both(4), f"{SIZE:x}\r\n{SMUGGLED}\r\n0\r\n\r\n"))
        add(f"CL.0, {te!a} {where} a zero length", "any", post(both(0), CHUNKED + SMUGGLED))
for te in ["Transfer-Encoding : chunked", "Transfer-Encoding\t:\tchunked", "Transfer-Encoding\n: chunked",
           "Transfer-Encoding\r\n: chunked", "X: X\rTransfer-Encoding: chunked", "Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: x", "Transfer-Encoding: chunked\r\nTransfer-encoding: cow",
           "Transfer-Encoding:chunked\x0b", "Transfer-Encoding:\x0bchunked", "Transfer-Encoding:\0chunked",
           "Transfer-Encoding\x00: chunked", "Transfer-Encoding: \"chunked\"", "Transfer-Encoding: chunk",
           "Transfer-Encoding: CHUNKED, identity", "Transfer-Encoding:\r\n\r\nchunked"]:
    last = te.endswith("\r\n\r\nchunked")
    add(f"TE.TE, {te!a}", "any" if last else "refuse",
        post(f"Content-Length: 4\r\n{te}\r\n", f"{SIZE:x}\r\n{SMUGGLED}\r\n0\r\n\r\n"))
add("TE.TE, a fold before the coding", "any",
    post(f"Content-Length: 4\r\nTransfer-Encoding:\r\n chunked\r\n", f"{SIZE:x}\r\n{SMUGGLED}\r\n0\r\n\r\n"))
add("coding hidden by a bare LF, with a length", "any", post("Content-Length: 5\r\nX: a\nTransfer-Encoding: chunked\r\n",
                                                          CHUNKED + SMUGGLED))
for method in ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "PUT", "QUERY"]:
    add(f"CL.0, {method} with a body", "any", get(f"Content-Length: {SIZE}\r\n", method=method, tail=SMUGGLED))
    add(f"CL.0, {method} with chunks", "any", get(TE, method=method, tail=f"{SIZE:x}\r\n{SMUGGLED}\r\n0\r\n\r\n"))
    add(f"0.CL, {method} with Expect", "any",
        get(f"Expect: 100-continue\r\nContent-Length: {SIZE}\r\n", method=method, tail=SMUGGLED))
add("behind a request that closes", "any", get("Connection: close\r\n", tail=SMUGGLED))
add("behind a request of HTTP/1.0", "any", get(version="HTTP/1.0", tail=SMUGGLED))
add("behind a request that closes, in a list", "any", get("Connection: x,, close\r\n", tail=SMUGGLED))
add("a length 100 times", "any", post("Content-Length: 5\r\n" * 90, "hello"))
add("a length 90 times, one other", "refuse", post("Content-Length: 5\r\n" * 90 + "Content-Length: 6\r\n", "hello"))
for value in ["5, 6", "5,5,6", "5 , 06", "6, 5"]:
    add(f"lengths in a list {value!a}", "refuse", post(f"Content-Length: {value}\r\n", "hello" + SMUGGLED))
for line in ["Content-Length: 5\r\nContent-Length: ", "Content-Length: \r\nContent-Length: 5", "Content-Length: 5\r\nContent-Length: a",
             "Content-Length: 5\r\nContent-Length: 05"]:
    add(f"lengths {line!a}", "refuse" if "05" not in line else "any", post(f"{line}\r\n", "hello" if "05" in line else "hello" + SMUGGLED))

# ---- names and values
for c in "\0\x01\x08\x0b\x0c\x0e\x1f \"(),/;<=>?@[]{}\x7f\x80\xff\\":
    add(f"name with byte 0x{ord(c):02x}", "refuse", get(f"A{c}b: c\r\n"))
    if c not in " ":
        add(f"name that begins with byte 0x{ord(c):02x}", "refuse", get(f"A: b\r\n{c}b: c\r\n"))
for name, line in [("empty name", ": c\r\n"), ("no colon", "abc\r\n"), ("blank before the colon", "A : b\r\n"),
                   ("tab before the colon", "A\t: b\r\n"), ("only a colon", ":\r\n")]:
    add(f"field line: {name}", "refuse", get(line))
for name, value in [("NUL", "b\0c"), ("CR", "b\rc"), ("CR at the end", "b\r"), ("NUL at the end", "b\0"),
                    ("CR and a blank", "b\r c"), ("CR CR", "b\r\r")]:
    add(f"value with {name}", "refuse", get(f"A: {value}\r\n"))
for c in "\x01\x08\x0b\x0c\x1b\x1f\x7f":
    add(f"value with byte 0x{ord(c):02x}", "any", get(f"A: b{c}c\r\n"))
add("value with bytes above 127", "any", get("A: \xe9\xff\r\n"))
add("value with a tab", "any", get("A: b\tc\r\n"))
add("fold on the first line", "refuse", "GET /@ID@ HTTP/1.1\r\n Host: x\r\n\r\n")
add("fold with a tab", "any", get("A: b\r\n\tc\r\n"))
add("fold of Host", "any", "GET /@ID@ HTTP/1.1\r\nHost: x\r\n  \r\nA: b\r\n\r\n")
add("fold of Host with a second name", "refuse", "GET /@ID@ HTTP/1.1\r\nHost: x\r\n y\r\n\r\n")
add("fold behind an empty value", "any", get("A:\r\n \r\n \r\n"))

# ---- Host
for value in ["x y", "x/y", "x?y", "x#y", "a@x", "x:port", "x:80:80", "[::1", "::1]x", "x\t y", "x\\y", "x\"", "<x>",
              "x^", "x`", "x{}", "x|", "\xe9", "x\0", "x\x01"]:
    add(f"Host {value!a}", "refuse", get(host=f"Host: {value}\r\n"))
for value in ["x", "x:80", "x:", "[::1]", "[::1]:8080", "127.0.0.1", "x_y", "X", ""]:
    add(f"Host {value!a}", "any", get(host=f"Host: {value}\r\n"))
add("two Hosts that differ", "refuse", get("Host: y\r\n"))
add("two equal Hosts", "any", get("Host: x\r\n"))
add("two Hosts, one folded", "refuse", get("Host:\r\n y\r\n"))
add("Host with a blank before the colon", "refuse", get("Host : y\r\n"))
for target, host in [("http://y/@ID@", "x"), ("http://x:81/@ID@", "x"), ("http://x/@ID@", "x:81"),
                     ("http://x@y/@ID@", "x"), ("http://x/@ID@", "")]:
    add(f"absolute {target} with Host {host!a}", "refuse", get(target=target, host=f"Host: {host}\r\n"))
for target, host in [("http://x/@ID@", "x"), ("http://X/@ID@", "x"), ("http://x:80/@ID@", "x"),
                     ("http://x/@ID@", "x:80"), ("https://x:443/@ID@", "x")]:
    add(f"absolute {target} with Host {host!a}", "any", get(target=target, host=f"Host: {host}\r\n"))
add("absolute without Host", "any", get(target="http://x/@ID@", host=""))

# ---- request line
for c in "\0\x01\x07\x0b\x0c\x1f\x7f\x80\xa0\xff#":
    add(f"target with byte 0x{ord(c):02x}", "refuse", get(target=f"/@ID@{c}b"))
add("target with a bare CR", "refuse", get(target="/@ID@\rb"))
add("target with a blank", "refuse", get(target="/@ID@ b"))
add("target with a line end", "refuse", get(target="/@ID@\r\nb"))
for target in ["@ID@", "./@ID@", "?@ID@", "x:80/@ID@", "*@ID@", "http:/@ID@", "http:@ID@", "://@ID@", "//@ID@", "\\@ID@",
               "1http://x/@ID@"]:
    add(f"target {target}", "any" if target == "//@ID@" else "refuse", get(target=target))
add("authority form without CONNECT", "refuse", get(target="@ID@.x:80", host="Host: @ID@.x:80\r\n"))
add("asterisk form without OPTIONS", "refuse", get("X: @ID@\r\n", target="*"))
add("CONNECT without a port", "refuse", get(method="CONNECT", target="@ID@", host="Host: @ID@\r\n"))
add("CONNECT to a path", "refuse", get(method="CONNECT", target="/@ID@"))
add("CONNECT with a body", "any", get("Content-Length: 5\r\n", method="CONNECT", target="@ID@.x:80",
                                      host="Host: @ID@.x:80\r\n", tail="hello"))
for method in ["G\0T", "G(T", "G\tT", "GE:T", "G/T", "\"GET\"", "G\xc9T", "G,T", "G@T", "[GET]", "G\rT", ""]:
    add(f"method {method!a}", "refuse", get(method=method))
for method in ["get", "GETX", "PATCH", "!#$%&'*+-.^_`|~"]:
    add(f"method {method!a}", "any", get(method=method))
for version in ["", "HTTP/0.9", "HTTP/2.0", "HTTP/3.0", "HTTP/1", "HTTP/1.", "HTTP/.1", "HTTP/11", "HTTP/01.1",
                "HTTP/1.10", "HTTP/1.01", "http/1.1", "HTTP/1.1x", "HTTP /1.1", "HTTP/ 1.1", "HTTP/1. 1", "RTSP/1.0",
                "HTTP/1,1", "HTTP/+1.1", "HTTP/1.1\x0b", "HTTP/1.1\0", "HTTP/1.1 x", "HTTP/1.1,", "HTTPS/1.1",
                "xHTTP/1.1", "HTTP/\xb9.1"]:
    add(f"version {version!a}", "refuse", get(version=version))
add("version HTTP/1.2", "any", get(version="HTTP/1.2"))
add("no version", "refuse", "GET /@ID@\r\n\r\n")
for name, line in [("two blanks", "GET  /@ID@ HTTP/1.1"), ("a tab", "GET\t/@ID@\tHTTP/1.1"),
                   ("a blank behind", "GET /@ID@ HTTP/1.1 "), ("a blank in front", " GET /@ID@ HTTP/1.1"),
                   ("a vertical tab", "GET\x0b/@ID@ HTTP/1.1"), ("a form feed", "GET /@ID@\x0cHTTP/1.1"),
                   ("a no-break space", "GET\xa0/@ID@ HTTP/1.1")]:
    add(f"request line with {name}", "refuse" if "v" in name or "f" in name or "no-" in name else "any",
        f"{line}\r\nHost: x\r\n\r\n")
for name, before in [("an empty line", "\r\n"), ("two empty lines", "\r\n\r\n"), ("a bare LF", "\n"),
                     ("a bare CR", "\r"), ("NUL", "\0"), ("a BOM", "\xef\xbb\xbf"), ("a blank", " ")]:
    add(f"{name} in front", "any" if "line" in name or "LF" in name else "refuse", before + get())
add("bare LF everywhere", "any", "GET /@ID@ HTTP/1.1\nHost: x\nA: b\n\n")
add("CR CR LF", "refuse", "GET /@ID@ HTTP/1.1\r\r\nHost: x\r\n\r\n")
add("bare CR as line end", "refuse", "GET /@ID@ HTTP/1.1\rHost: x\r\r")
add("LF CR", "refuse", "GET /@ID@ HTTP/1.1\n\rHost: x\n\r\n")

# ---- sizes
add("too many fields", "refuse", get("A: b\r\n" * 200))
add("a head that is too large", "refuse", get("A: " + "b" * 17000 + "\r\n"))
add("a name that is too large", "refuse", get("A" * 17000 + ": b\r\n"))
add("a target that is too large", "refuse", get(target="/@ID@" + "b" * 17000))

# ---- connection
for value in ["close, X-Secret", "Content-Length", "Transfer-Encoding", "Host", "keep-alive, Upgrade", ",", "close,,",
              "\"close\"", "TE"]:
    add(f"Connection {value!a}", "any", post(f"Connection: {value}\r\nX-Secret: a\r\nContent-Length: 5\r\n", "hello"))
add("Upgrade without the token", "any", get("Upgrade: h2c\r\n"))
add("Upgrade with a body", "any", post("Connection: Upgrade\r\nUpgrade: foo\r\nContent-Length: 44\r\n",
                                       "x" * 44))
add("websocket without a key", "refuse", get("Connection: Upgrade\r\nUpgrade: websocket\r\n"))
add("TE with more than trailers", "any", get("TE: trailers, gzip;q=0.5, chunked\r\n"))
add("Expect from HTTP/1.0", "any", get("Expect: 100-continue\r\nContent-Length: 5\r\n", method="POST",
                                       version="HTTP/1.0", tail="hello"))
add("a body behind GET without framing", "any", get(tail="hello"))

for value in ["100-continue, foo", "foo", "100-continue;q=1", "", "200-ok", "100-Continue", "\"100-continue\""]:
    add(f"Expect {value!a}", "any", post(f"Expect: {value}\r\nContent-Length: 5\r\n", "hello"))
add("two Expects", "any", post("Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 5\r\n", "hello"))
add("Expect with chunks", "any", post("Expect: 100-continue\r\n" + TE, CHUNKED))
for upgrade in ["h2c", "websocket", "TLS/1.0", "foo/1, bar/2", "HTTP/2.0"]:
    add(f"Upgrade to {upgrade} with a request behind", "any",
        get(f"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: {upgrade}\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n", tail=SMUGGLED))
    add(f"Upgrade to {upgrade} with a body", "any",
        post(f"Connection: Upgrade\r\nUpgrade: {upgrade}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
             "Content-Length: 5\r\n", "hello"))
    add(f"Upgrade to {upgrade} with two framings", "any",
        post(f"Connection: Upgrade\r\nUpgrade: {upgrade}\r\nContent-Length: 4\r\n" + TE, CHUNKED + SMUGGLED))
for extra, name in [("Content-Length: 5\r\n", "a length"), (TE, "chunks"), ("Content-Length: 5\r\n" + TE, "both")]:
    add(f"CONNECT with {name} and a request behind", "any",
        get(extra, method="CONNECT", target="@ID@.x:80", host="Host: @ID@.x:80\r\n", tail="hello" + SMUGGLED))
for target in ["@ID@:80", "http://@ID@:80", "@ID@:", "@ID@:80/", "@ID@:99999", "user@@ID@:80", "[::1:80", "@ID@:80:80"]:
    add(f"CONNECT to {target}", "any" if target in ("@ID@:80", "@ID@:99999", "@ID@:80:80") else "refuse",
        get("X: @ID@\r\n", method="CONNECT", target=target, host=f"Host: {target}\r\n"))
for target in ["/@ID@%0d%0aHost:%20evil", "/@ID@%00", "/@ID@/../..//x", "/@ID@?a=b?c&d", "/@ID@%", "/@ID@%zz", "/@ID@;a=b",
               "/@ID@\\x", "/@ID@\"", "/@ID@<>^`{|}", "*?@ID@", "/@ID@" + "?" * 500]:
    add(f"target {target[:40]}", "refuse" if target[0] == "*" else "any", get(target=target))
for target in ["http://x/@ID@#f", "http:///@ID@", "http://:80/@ID@", "http://x:y/@ID@", "http://[::1/@ID@", "http://x x/@ID@",
               "http://\xe9/@ID@", "http://x\\y/@ID@", "ftp://x/@ID@", "http:x/@ID@", "http://u:p@x/@ID@"]:
    add(f"absolute {target!a}", "any" if target.startswith(("ftp", "http://:80")) else "refuse", get(target=target))
add("HTTP/0.9 with a request behind", "refuse", "GET /@ID@\r\n" + SMUGGLED)
add("HTTP/0.9 with LF", "refuse", "GET /@ID@\n")
add("the preface of HTTP/2", "refuse", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n@ID@")
add("the preface of HTTP/2 with a field", "refuse", "PRI * HTTP/2.0\r\nX: @ID@\r\n\r\nSM\r\n\r\n" + SMUGGLED)
add("PRI as a method of HTTP/1.1", "any", get("X: @ID@\r\n", method="PRI", target="/@ID@"))
add("HTTP/1.2 with chunks and a length", "any", get(TE + "Content-Length: 4\r\n", version="HTTP/1.2", method="POST",
                                                    tail=CHUNKED + SMUGGLED))
for n in range(1, 5):
    add(f"a TLS hello, {n}", "refuse", "\x16\x03" + chr(n) + "\x02\0\x01\0\x01\xfc\x03\x03@ID@\r\n\r\n")
add("a PROXY line in front", "refuse", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + get())
add("a status line", "refuse", "HTTP/1.1 200 OK\r\nX: @ID@\r\n\r\n")
add("a field name of 15000 bytes", "any", get("A" * 14000 + ": b\r\n"))
add("an extension of 100000 bytes", "refuse", post(TE, "5;" + "a" * 100000 + "\r\nhello\r\n0\r\n\r\n"))
add("trailers of 100000 bytes", "refuse", post(TE, "5\r\nhello\r\n0\r\nA: " + "a" * 100000 + "\r\n\r\n"))
add("2000 trailers", "refuse", post(TE, "5\r\nhello\r\n0\r\n" + "A: b\r\n" * 20000 + "\r\n"))
add("a length larger than the body", "any", post("Content-Length: 500\r\n", "hello"))

out = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "h1_requests.tsv")
with open(out, "w", encoding="ascii") as f:
    for row in rows:
        f.write("\t".join(row) + "\n")
print(len(rows), "requests")

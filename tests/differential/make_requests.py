#!/usr/bin/env python3
"""Writes h1_requests.tsv: hostile and odd HTTP/1 requests for h1_differential.py.

Columns: name, what a strict proxy must do ("refuse": forward nothing; "any": forward it, cleaned, or refuse), request.
In requests \\r \\n \\t \\0 \\xHH \\\\ are escapes and @ID@ stands for a text that is unique per request.
"""
import os
import sys

rows = []


def add(name, verdict, request):
    text = ""
    for byte in request if isinstance(request, bytes) else request.encode("latin1"):
        c = chr(byte)
        if c == "\\":
            text += "\\\\"
        elif c in "\r\n\t\0":
            text += {"\r": "\\r", "\n": "\\n", "\t": "\\t", "\0": "\\0"}[c]
        elif 0x20 <= byte < 0x7F:
            text += c
        else:
            text += "\\x%02x" % byte
    rows.append((name.encode("unicode_escape").decode("ascii").replace("\t", " "), verdict, text))


def get(extra="", target="/@ID@", version="HTTP/1.1", method="GET", host="Host: x\r\n", tail=""):
    return f"{method} {target} {version}\r\n{host}{extra}\r\n{tail}"


SMUGGLED = "GET /smuggled@ID@ HTTP/1.1\r\nHost: x\r\n\r\n"


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
    add(f"chunk with {name}", "any", post(TE, body + SMUGGLED))
for name, trailers in [("folded", "A: b\r\n c\r\n"), ("no colon", "abc\r\n"), ("blank before the colon", "A : b\r\n"),
                       ("NUL", "A: \0\r\n"), ("bare CR", "A: b\rc\r\n"), ("empty name", ": b\r\n"),
                       ("first byte a blank", " A: b\r\n"), ("bytes above 127 in the name", "A\xe9: b\r\n")]:
    add(f"trailers: {name}", "any", post(TE, f"5\r\nhello\r\n0\r\n{trailers}\r\n{SMUGGLED}"))
for field in ["Content-Length: 44", "Transfer-Encoding: chunked", "Host: evil", "Connection: close",
              "Authorization: Basic eA==", "X-Fine: yes"]:
    add(f"trailer {field}", "any", post(TE, f"5\r\nhello\r\n0\r\n{field}\r\n\r\n"))

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
for target in ["@ID@", "./@ID@", "?@ID@", "x:80/@ID@", "*@ID@", "http:/@ID@", "http:@ID@", "://@ID@", "//", "\\@ID@",
               "1http://x/@ID@"]:
    add(f"target {target}", "refuse" if target != "//" else "any", get(target=target))
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

out = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "h1_requests.tsv")
with open(out, "w", encoding="ascii") as f:
    for row in rows:
        f.write("\t".join(row) + "\n")
print(len(rows), "requests")

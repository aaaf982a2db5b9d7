#!/usr/bin/env python3
"""Writes h1_responses.tsv: hostile and odd HTTP/1 responses for h1_responses.py.

Columns: name, what a strict proxy must do ("refuse": answer 502 itself; "cut": that, or end the connection before the message
is complete; "short": the same, for what is only too short; "any": send it on, cleaned, or refuse), method of the request, what
the server does with the connection afterwards (close, keep), response. In responses \\r \\n \\t \\0 \\xHH \\\\ are escapes, @ID@ stands for a text that is unique per response,
and @WAIT@ for a pause.
"""
import os
import sys

from harness import escape

rows = []


def add(name, verdict, response, method="GET", then="keep"):
    rows.append((name.encode("unicode_escape").decode("ascii").replace("\t", " "), verdict, method, then,
                 escape(response.encode("latin1"))))


def head(extra="", line="HTTP/1.1 200 OK"):
    return f"{line}\r\nX-Mark: @ID@\r\n{extra}\r\n"


def sized(extra="", line="HTTP/1.1 200 OK"):
    return head(extra + "Content-Length: 5\r\n", line) + "hello"


SMUGGLED = "HTTP/1.1 200 OK\r\nX-Smuggled: @ID@\r\nContent-Length: 8\r\n\r\nsmuggled"
TE = "Transfer-Encoding: chunked\r\n"
CHUNKED = "5\r\nhello\r\n0\r\n\r\n"

# ---- the status line
for line in ["HTTP/2.0 200 OK", "HTTP/0.9 200 OK", "http/1.1 200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2x0 OK", 
             "HTTP/1.1 -20 OK", "HTTP/1.1 +200 OK", "HTTP/1.1 099 OK", "HTTP/1.1 000 OK",
             "ICY 200 OK", "RTSP/1.0 200 OK", "GET / HTTP/1.1", "HTTP/1.1200 OK", "HTTP/1 200 OK", "HTTP/1.1x 200 OK",
             "HTTP/1.1 200 O\0K", "HTTP/1.1 200 O\rK", "HTTP/1.1", "HTTP/1.1 ", "200 OK", "HTTP/ 1.1 200 OK", "HTTP/1.1 2 00 OK",
             "\0HTTP/1.1 200 OK", "HTTP/1.11 200 OK", "HTTP/11 200 OK", "HTTP/3 200 OK", "HTTPS/1.1 200 OK", "\xef\xbb\xbfHTTP/1.1 200 OK"]:
    add(f"status line {line!a}", "refuse", sized(line=line))
for line in ["HTTP/1.1 200", "HTTP/1.1 200 ", "HTTP/1.2 200 OK", "HTTP/1.1 600 x", "HTTP/1.1 999 x", "HTTP/1.1 200 \xe9",
             "HTTP/1.1 200 O\tK", "HTTP/1.0 200 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 200OK", "HTTP/1.1  200 OK", "HTTP/1.1\t200 OK", " HTTP/1.1 200 OK",
              "HTTP/1.1 200\tOK", "HTTP/1.1 200 O\x01K"]:
    add(f"status line {line!a}", "any", sized(line=line))
add("an empty line in front", "any", "\r\n" + sized())
add("junk in front", "refuse", "hello" + sized())
add("a bare CR in front", "refuse", "\r" + sized())

# ---- lengths
for value in ["+5", "-5", "5 5", "5,6", "0x5", "5.0", "5e0", "", ",", "5,", ",5", "5;a", "\"5\"", "5\x0b", "\x0b5",
              "18446744073709551616", "99999999999999999999999999", "9223372036854775808", "5_0", "NaN", "\xa05", "5\0"]:
    add(f"length {value!a}", "refuse", head(f"Content-Length: {value}\r\n") + "hello" + SMUGGLED)
for value in ["5", "05", "5, 5", "\t5\t", "5,5,5"]:
    add(f"length {value!a}", "any", head(f"Content-Length: {value}\r\n") + "hello")
add("two lengths that differ", "refuse", head("Content-Length: 5\r\nContent-Length: 6\r\n") + "hello" + SMUGGLED)
add("two lengths that differ, other case", "refuse", head("Content-Length: 0\r\ncontent-LENGTH: 5\r\n") + "hello")
add("two equal lengths", "any", head("Content-Length: 5\r\nContent-Length: 5\r\n") + "hello")
add("three lengths, the last differs", "refuse", head("Content-Length: 5\r\n" * 2 + "Content-Length: 6\r\n") + "hello")
add("length behind a fold", "any", head("X: a\r\n Content-Length: 5\r\n") + "hello", then="close")
add("length on a folded line", "any", head("Content-Length:\r\n 5\r\n") + "hello")
add("length named with a blank behind", "any", head("Content-Length : 5\r\n") + "hello", then="close")
for name in ["Content-Length\x0b", "Content-Length\r", "Content\rLength", "Content-Length\0", "\0Content-Length"]:
    add(f"length named {name!a}", "refuse", head(f"{name}: 5\r\n") + "hello", then="close")

# ---- transfer codings
for value in ["chunked, chunked", "chunked,identity", "xchunked", "chunkedx", "chunked;q=1", "\"chunked\"", "\x0bchunked", "chunked\0",
              "chun ked", "chunked chunked", "chunked\x01", "cow", "", "=", "identity, chunked, identity", "chunked, gzip"]:
    add(f"coding {value!a}", "refuse", head(f"Transfer-Encoding: {value}\r\n") + CHUNKED + SMUGGLED, then="close")
    add(f"coding {value!a} with a length", "refuse",
        head(f"Content-Length: 5\r\nTransfer-Encoding: {value}\r\n") + CHUNKED + SMUGGLED)
for value in ["gzip, chunked", "identity, chunked", ",chunked", "chunked,", "gzip", "identity"]:
    add(f"coding {value!a}", "any", head(f"Transfer-Encoding: {value}\r\n") + CHUNKED, then="close")
for value in ["chunked", "Chunked", "CHUNKED", "\tchunked\t"]:
    add(f"coding {value!a}", "any", head(f"Transfer-Encoding: {value}\r\n") + CHUNKED)
    add(f"coding {value!a} behind a length", "any", head(f"Content-Length: 5\r\nTransfer-Encoding: {value}\r\n") + CHUNKED + SMUGGLED)
    add(f"coding {value!a} before a length", "any", head(f"Transfer-Encoding: {value}\r\nContent-Length: 200\r\n") + CHUNKED)
for a, b in [("chunked", "identity"), ("identity", "chunked"), ("chunked", "chunked"), ("gzip", "chunked"), ("chunked", "gzip")]:
    add(f"codings {a!a} then {b!a}", "refuse", head(f"Transfer-Encoding: {a}\r\nTransfer-Encoding: {b}\r\n") + CHUNKED + SMUGGLED)
add("coding in HTTP/1.0", "any", head(TE, "HTTP/1.0 200 OK") + CHUNKED, then="close")
add("coding and length in HTTP/1.0", "any", head("Content-Length: 5\r\n" + TE, "HTTP/1.0 200 OK") + CHUNKED, then="close")
add("coding in HTTP/1.0 that stays open", "any", head("Connection: keep-alive\r\n" + TE, "HTTP/1.0 200 OK") + CHUNKED + SMUGGLED)
add("coding behind a bare CR", "refuse", head("X: a\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n") + "hello")
add("coding behind a bare LF", "any", head("X: a\nTransfer-Encoding: chunked\r\n") + CHUNKED)
add("coding with a blank behind the name", "any", head("Transfer-Encoding : chunked\r\n") + CHUNKED)

# ---- chunks
for size in ["", " 5", "+5", "-5", "0x5", "5g", "g", "5_", "10000000000000005", "fffffffffffffffff", "\x0b5", "5\0", "5\x0b", "\r5",
             "5.", "5,5", "5 5"]:
    add(f"chunk size {size!a}", "cut", head(TE) + f"{size}\r\nhello\r\n0\r\n\r\n{SMUGGLED}")
for size in ["5", "05", "0000000005", "5  "]:
    add(f"chunk size {size!a}", "any", head(TE) + f"{size}\r\nhello\r\n0\r\n\r\n")
for ext in [";a\rb", ";a=\"\n\"", ";\0", ";a\x01", ";(a)"]:
    add(f"chunk extension {ext!a}", "cut", head(TE) + f"5{ext}\r\nhello\r\n0\r\n\r\n{SMUGGLED}")
for ext in [";a", ";a=b", ";a=\"b\"", " ; a = b", ";", ";a b"]:
    add(f"chunk extension {ext!a}", "any", head(TE) + f"5{ext}\r\nhello\r\n0\r\n\r\n")
for name, body in [("LF behind the size", "5\nhello\r\n0\r\n\r\n"), ("LF behind the data", "5\r\nhello\n0\r\n\r\n"),
                   ("CR behind the size", "5\rhello\r\n0\r\n\r\n"), ("CR behind the data", "5\r\nhello\r0\r\n\r\n"),
                   ("no end of the data", "5\r\nhello0\r\n\r\n"), ("longer data", "5\r\nhelloo\r\n0\r\n\r\n"),
                   ("shorter data", "5\r\nhell\r\n0\r\n\r\n"), ("LF in an extension", "5;a\nhello\r\n0\r\n\r\n"),
                   ("LF behind the last chunk", "5\r\nhello\r\n0\n\r\n"), ("LF at the end", "5\r\nhello\r\n0\r\n\n"),
                   ("junk behind the last chunk", "5\r\nhello\r\n0x\r\n\r\n"), ("a trailer without a colon", "5\r\nhello\r\n0\r\nab\r\n\r\n"),
                   ("NUL in a trailer", "5\r\nhello\r\n0\r\nA: \0\r\n\r\n"), ("a bare CR in a trailer", "5\r\nhello\r\n0\r\nA: b\rc\r\n\r\n"),
                   ("an empty name of a trailer", "5\r\nhello\r\n0\r\n: b\r\n\r\n")]:
    add(f"chunk with {name}", "cut", head(TE) + body + SMUGGLED)
for field in ["Content-Length: 44", "Transfer-Encoding: chunked", "Host: evil", "Connection: close", "Set-Cookie: a=b", "X-Fine: yes",
              "X-Smuggled: yes", "A : b", "A: b\r\n c"]:
    add(f"trailer {field!a}", "any", head(TE) + f"5\r\nhello\r\n0\r\n{field.replace('X-Smuggled', 'X-Trailer')}\r\n\r\n")

# ---- fields
for c in "\0\x01\x0b\x1f \"(),/;<=>?@[]{}\x7f\x80\xff\\":
    add(f"name with byte 0x{ord(c):02x}", "refuse", sized(f"A{c}b: c\r\n"))
for name, line in [("empty name", ": c\r\n"), ("no colon", "abc\r\n"), ("only a colon", ":\r\n")]:
    add(f"field line: {name}", "refuse", sized(line))
for name, line in [("blank before the colon", "A : b\r\n"), ("tab before the colon", "A\t: b\r\n"), ("fold", "A: b\r\n c\r\n"),
                   ("fold with a tab", "A: b\r\n\tc\r\n"), ("fold behind an empty value", "A:\r\n \r\n b\r\n"), ("bare LF", "A: b\nC: d\r\n"),
                   ("bytes above 127", "A: \xe9\xff\r\n"), ("a tab", "A: b\tc\r\n")]:
    add(f"field line: {name}", "any", sized(line))
for name, value in [("NUL", "b\0c"), ("CR", "b\rc"), ("CR at the end", "b\r"), ("CR CR", "b\r\r"), ("NUL at the end", "b\0")]:
    add(f"value with {name}", "any", sized(f"A: {value}\r\n"))
for c in "\x01\x08\x0b\x0c\x1b\x1f\x7f":
    add(f"value with byte 0x{ord(c):02x}", "any", sized(f"A: b{c}c\r\n"))
add("fold on the first line", "refuse", "HTTP/1.1 200 OK\r\n X: y\r\nX-Mark: @ID@\r\nContent-Length: 5\r\n\r\nhello")
add("bare LF everywhere", "any", "HTTP/1.1 200 OK\nX-Mark: @ID@\nContent-Length: 5\n\nhello")
add("CR CR LF", "refuse", "HTTP/1.1 200 OK\r\r\nX-Mark: @ID@\r\nContent-Length: 5\r\n\r\nhello")
add("bare CR as line end", "refuse", "HTTP/1.1 200 OK\rX-Mark: @ID@\rContent-Length: 5\r\rhello", then="close")
add("a field that splits the answer", "any", head("A: b\r\n\r\nHTTP/1.1 200 OK\r\nX-Smuggled: @ID@\r\n") + "", then="close")
add("too many fields", "refuse", sized("A: b\r\n" * 200))
add("a head that is too large", "refuse", sized("A: " + "b" * 17000 + "\r\n"))
add("a head of 100000 bytes", "refuse", sized(("A: " + "b" * 1000 + "\r\n") * 100))

# ---- statuses whose body is none
for status in ["100 Continue", "103 Early Hints", "199 x"]:
    add(f"{status} before the answer", "any", head(line=f"HTTP/1.1 {status}") + sized())
    add(f"{status} with a zero length", "any", head("Content-Length: 0\r\n", f"HTTP/1.1 {status}") + sized())
    add(f"{status} with a length and a body", "refuse", head("Content-Length: 5\r\n", f"HTTP/1.1 {status}") + "hello" + sized())
    add(f"{status} with chunks", "refuse", head(TE, f"HTTP/1.1 {status}") + CHUNKED + sized())
    add(f"{status} and the end", "refuse", head(line=f"HTTP/1.1 {status}"), then="close")
    add(f"{status} 50 times", "any", head(line=f"HTTP/1.1 {status}") * 50 + sized())
    add(f"{status} in HTTP/1.0", "any", head(line=f"HTTP/1.0 {status}") + sized())
    add(f"{status}, a pause, the answer", "any", head(line=f"HTTP/1.1 {status}") + "@WAIT@" + sized())
add("101 that nobody asked for", "refuse", head("Connection: Upgrade\r\nUpgrade: foo\r\n", "HTTP/1.1 101 Switching") + SMUGGLED)
add("101 without Upgrade", "refuse", head(line="HTTP/1.1 101 Switching") + SMUGGLED)
for status in ["204 No Content", "304 Not Modified", "205 Reset"]:
    none = not status.startswith("205")
    add(f"{status} with a length and a body", "any", head("Content-Length: 5\r\n", f"HTTP/1.1 {status}") + "hello")
    add(f"{status} with chunks", "any", head(TE, f"HTTP/1.1 {status}") + CHUNKED)
    add(f"{status} with an answer behind", "any", head("" if none else "Content-Length: 0\r\n", f"HTTP/1.1 {status}") + SMUGGLED)
    add(f"{status} with a length and an answer behind", "any", head("Content-Length: 5\r\n", f"HTTP/1.1 {status}") + SMUGGLED)
    add(f"{status} with bad lengths", "refuse", head("Content-Length: 5\r\nContent-Length: 6\r\n", f"HTTP/1.1 {status}"))
for name, extra, body in [("a length and a body", "Content-Length: 5\r\n", "hello"), ("chunks and a body", TE, CHUNKED),
                          ("a length, no body", "Content-Length: 5\r\n", ""), ("chunks, no body", TE, ""), ("both", "Content-Length: 5\r\n" + TE, ""),
                          ("an answer behind", "Content-Length: 5\r\n", SMUGGLED), ("nothing", "", "")]:
    add(f"HEAD answered with {name}", "any", head(extra) + body, method="HEAD")
add("HEAD answered with bad lengths", "refuse", head("Content-Length: 5\r\nContent-Length: 6\r\n"), method="HEAD")
for name, extra in [("a length", "Content-Length: 5\r\n"), ("chunks", TE), ("nothing", "")]:
    add(f"CONNECT agreed to with {name}", "any", head(extra), method="CONNECT", then="close")
    add(f"CONNECT refused with {name}", "any", head(extra, "HTTP/1.1 403 No") + ("hello" if "len" in name else CHUNKED if "ch" in name else ""),
        method="CONNECT", then="close")

# ---- ends
add("one answer more", "any", sized() + SMUGGLED)
add("one answer more, later", "any", sized() + "@WAIT@" + SMUGGLED)
add("one answer more behind chunks", "any", head(TE) + CHUNKED + SMUGGLED)
add("one answer more behind chunks, later", "any", head(TE) + CHUNKED + "@WAIT@" + SMUGGLED)
add("one byte more", "any", sized() + "x")
add("one byte more, later", "any", sized() + "@WAIT@x")
add("an empty line more", "any", sized() + "\r\n")
add("one answer more on a connection that closes", "any", sized("Connection: close\r\n") + SMUGGLED, then="close")
add("until the end", "any", head() + "hello", then="close")
add("until the end, HTTP/1.0", "any", head(line="HTTP/1.0 200 OK") + "hello", then="close")
add("until the end, with what looks like an answer", "any", head() + SMUGGLED, then="close")
add("less than the length", "short", head("Content-Length: 10\r\n") + "hello", then="close")
add("no last chunk", "short", head(TE) + "5\r\nhello\r\n", then="close")
add("half a chunk", "short", head(TE) + "5\r\nhel", then="close")
add("half a size", "short", head(TE) + "5", then="close")
add("no end of the trailers", "short", head(TE) + "5\r\nhello\r\n0\r\nA: b\r\n", then="close")
add("half a head", "refuse", "HTTP/1.1 200 OK\r\nX-Mark: @ID@\r\nConte", then="close")
add("nothing", "refuse", "", then="close")
add("a blank", "refuse", " ", then="close")
add("only line ends", "refuse", "\r\n\r\n", then="close")
add("a body without a head", "refuse", "hello @ID@", then="close")
add("a preface of HTTP/2", "refuse", "\0\0\x12\x04\0\0\0\0\0@ID@", then="close")
for value in ["close, X-Secret", "Content-Length", "Transfer-Encoding", "keep-alive, Upgrade", ",", "\"close\""]:
    add(f"Connection {value!a}", "any", sized(f"Connection: {value}\r\nX-Secret: a\r\n"))

out = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "h1_responses.tsv")
with open(out, "w", encoding="ascii") as f:
    for row in rows:
        f.write("\t".join(row) + "\n")
print(len(rows), "responses")

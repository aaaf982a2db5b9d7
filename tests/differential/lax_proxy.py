#!/usr/bin/env python3
"""The laxest proxy there is: passes all bytes on unread, in both directions. With it the oracle of the differential tests is
tested: it has to object to everything hostile. Takes `-db -f FILE` and of the file the fd of the bind line and the port of the
server."""
import re
import socket
import sys
import threading


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        # One side is gone: so is the other.
        for s in (source, target):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def serve(client, port):
    client.settimeout(0.7)
    with client, socket.create_connection(("127.0.0.1", port)) as server:
        server.settimeout(1.5)
        back = threading.Thread(target=pump, args=(server, client), daemon=True)
        back.start()
        pump(client, server)
        back.join()


def main():
    with open(sys.argv[sys.argv.index("-f") + 1], encoding="ascii") as f:
        text = f.read()
    port = int(re.search(r"server s 127\.0\.0\.1:(\d+)", text)[1])
    listener = socket.socket(fileno=int(re.search(r"fd@(\d+)", text)[1]))
    listener.settimeout(None)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, port), daemon=True).start()


if __name__ == "__main__":
    main()

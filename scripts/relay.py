#!/usr/bin/env python3
"""Hands connections on to a port of loopback: behind TLS, or as a proxy asked with CONNECT.

    relay.py LOG PORT [--certificate FILE --key FILE]
    relay.py LOG PORT --proxy [--status N]

Prints the port that it listens on. Into LOG go a line for each connection and what came of it:
`accepted`, then `encrypted` or `broken`; for a proxy the request's line and whether it bore a
password. Ends when its standard input does.
"""

import argparse
import base64
import os
import socket
import ssl
import sys
import threading


def copy(source, sink):
    """Copies until the end, and ends the other side."""
    try:
        while data := source.recv(1 << 16):
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def relay(client, port):
    server = socket.create_connection(("127.0.0.1", port))
    threading.Thread(target=copy, args=(server, client), daemon=True).start()
    copy(client, server)


def asked(client):
    """The head of a request, as text."""
    head = b""
    while b"\r\n\r\n" not in head:
        data = client.recv(4096)
        if not data:
            break
        head += data
    return head.decode("latin-1")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("log")
    parser.add_argument("port", type=int)
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--proxy", action="store_true")
    parser.add_argument("--status", type=int, default=200)
    options = parser.parse_args()
    log = open(options.log, "a", buffering=1, encoding="ascii", errors="replace")

    def serve(client):
        log.write("accepted\n")
        if options.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(options.certificate, options.key)
            try:
                client = context.wrap_socket(client, server_side=True)
            except (ssl.SSLError, OSError):
                log.write("broken\n")
                return
            log.write("encrypted\n")
        if options.proxy:
            head = asked(client)
            log.write(head.split("\r\n")[0] + "\n")
            for line in head.split("\r\n"):
                if line.lower().startswith("proxy-authorization: basic "):
                    log.write("password " + base64.b64decode(line[27:]).decode() + "\n")
            client.sendall(f"HTTP/1.1 {options.status} So\r\n".encode())
            if options.status != 200:
                client.sendall(b"Content-Length: 0\r\nConnection: close\r\n\r\n")
                client.close()
                return
            client.sendall(b"\r\n")
        relay(client, options.port)

    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)

    def accept():
        while True:
            client, _ = listener.accept()
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()
    os._exit(0)


main()

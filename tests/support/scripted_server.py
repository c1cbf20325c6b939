#!/usr/bin/env python3
"""An HTTP/1.1 server on loopback that does exactly what a test tells it to, faults included.

  scripted_server.py [--cert PEM --key PEM]     prints its port; ends when stdin does

Commands on stdin, one JSON object a line, each answered by one line:
  {"answers": [A, …]}   what the next requests get, in this order; beyond them: status 200, no body
  {"requests": true}    the requests seen since the last such command: [{connection, method, target, headers, body}]

A: {status, headers: {}, body, body_size, echo, fault}. Bodies are in Latin-1; body_size: that many 'x'; echo: the
request's own body; fault: "close" (no answer), "cut" (half of the body, then closed), "hang" (no answer until the client
goes), "unread" (closed before the request's body is read), "drop" (answered, then closed without a word about it).
"""
import argparse
import collections
import json
import socket
import ssl
import sys
import threading

lock = threading.Lock()
answers = collections.deque()
requests = []


def read_head(stream):
    line = stream.readline()
    if not line:
        return None
    method, target, _ = line.decode("latin-1").split(" ", 2)
    headers = {}
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, value = line.decode("latin-1").split(":", 1)
        headers[name.lower()] = value.strip()
    return method, target, headers


def body_of(answer, request_body):
    if answer.get("echo"):
        return request_body
    return answer.get("body", "").encode("latin-1") + b"x" * answer.get("body_size", 0)


def serve(connection, number):
    stream = connection.makefile("rb")
    while (head := read_head(stream)) is not None:
        method, target, headers = head
        with lock:
            answer = answers.popleft() if answers else {}
        fault = answer.get("fault")
        body = b"" if fault == "unread" else stream.read(int(headers.get("content-length", 0)))
        with lock:
            requests.append({"connection": number, "method": method, "target": target, "headers": headers,
                             "body": body[:4096].decode("latin-1"), "body_size": len(body)})
        if fault in ("close", "unread"):
            break
        if fault == "hang":
            connection.recv(1)
            break
        content = body_of(answer, body)
        status = answer.get("status", 200)
        lines = [f"HTTP/1.1 {status} Scripted"] + [f"{k}: {v}" for k, v in answer.get("headers", {}).items()]
        if status != 204:
            lines.append(f"Content-Length: {len(content)}")
        sent = b"" if method == "HEAD" else content[:len(content) // 2] if fault == "cut" else content
        connection.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + sent)
        if fault in ("cut", "drop"):
            break
    connection.close()


def handle(connection, number, context):
    try:
        if context is not None:
            connection = context.wrap_socket(connection, server_side=True)
        with connection:
            serve(connection, number)
    except (OSError, ValueError):
        pass


def accept(listener, context):
    number = 0
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number += 1
        threading.Thread(target=handle, args=(connection, number, context), daemon=True).start()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cert")
    parser.add_argument("--key")
    args = parser.parse_args()
    context = None
    if args.cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(args.cert, args.key)
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    threading.Thread(target=accept, args=(listener, context), daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        with lock:
            answers.extend(command.get("answers", []))
            seen = []
            if "requests" in command:
                seen, requests[:] = list(requests), []
        print(json.dumps(seen), flush=True)


if __name__ == "__main__":
    main()

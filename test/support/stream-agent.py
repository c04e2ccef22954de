"""The half of stream.ts that lives inside a network namespace.

    python3 stream-agent.py receive TCP 9000            prints `listening`, then what it has received for each line on stdin
    python3 stream-agent.py send TCP 10.10.20.10 9000   sends as much as it can until stdin ends

A line about what was received is BYTES SECONDS: payload since the beginning, and the time by a clock that only grows.
"""

import socket
import sys
import threading
import time

ROLE, PROTOCOL, *WHERE = sys.argv[1:]
KIND = {"TCP": socket.SOCK_STREAM, "UDP": socket.SOCK_DGRAM}[PROTOCOL]
DATAGRAM = b"x" * 1400
received = 0


def take(sock):
    global received
    buffer = bytearray(1 << 20)
    while True:
        count = sock.recv_into(buffer)
        if count == 0 and PROTOCOL == "TCP":
            return
        received += count


def receive(port):
    sock = socket.socket(socket.AF_INET6, KIND)
    sock.bind(("::", int(port)))
    if PROTOCOL == "TCP":
        sock.listen()

    def serve():
        take(sock.accept()[0] if PROTOCOL == "TCP" else sock)

    threading.Thread(target=serve, daemon=True).start()
    print("listening", flush=True)
    for _ in sys.stdin:
        print(received, time.monotonic(), flush=True)


def send(address, port):
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, KIND)
    sock.connect((address, int(port)))

    def flood():
        data = b"x" * (1 << 17) if PROTOCOL == "TCP" else DATAGRAM
        try:
            while True:
                sock.send(data)
        except OSError:
            pass  # the receiver has gone

    threading.Thread(target=flood, daemon=True).start()
    sys.stdin.read()


(receive if ROLE == "receive" else send)(*WHERE)

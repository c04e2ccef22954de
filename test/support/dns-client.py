"""Asks a DNS server one question: SERVER NAME TYPE PROTOCOL [DEVICE]. Prints what came back, or why nothing did, as JSON.

NAME is an address for type PTR. With DEVICE the question leaves by that interface, whatever the routes say."""

import ipaddress
import json
import socket
import struct
import sys

TYPES = {"A": 1, "PTR": 12, "AAAA": 28}
SECONDS = 1.0


def encode(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def decode(message, at):
    labels = []
    while message[at]:
        if message[at] >= 0xC0:
            rest, _ = decode(message, struct.unpack(">H", message[at : at + 2])[0] & 0x3FFF)
            return ".".join(labels + [rest]), at + 2
        labels.append(message[at + 1 : at + 1 + message[at]].decode())
        at += 1 + message[at]
    return ".".join(labels), at + 1


def answers(message):
    _, _, questions, count = struct.unpack(">HHHH", message[:8])
    at = 12
    for _ in range(questions):
        at = decode(message, at)[1] + 4
    found = []
    for _ in range(count):
        at = decode(message, at)[1]
        kind, _, _, length = struct.unpack(">HHIH", message[at : at + 10])
        at += 10
        data = message[at : at + length]
        found.append(decode(message, at)[0] if kind == TYPES["PTR"] else str(ipaddress.ip_address(data)))
        at += length
    return sorted(found)


def exchange(server, question, protocol, device):
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    kind = socket.SOCK_STREAM if protocol == "TCP" else socket.SOCK_DGRAM
    with socket.socket(family, kind) as client:
        client.settimeout(SECONDS)
        if device:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        client.connect((server, 53))
        if protocol == "UDP":
            client.send(question)
            return client.recv(4096)
        client.sendall(struct.pack(">H", len(question)) + question)
        received = b""
        while len(received) < 2 or len(received) < 2 + struct.unpack(">H", received[:2])[0]:
            more = client.recv(4096)
            if not more:
                raise ConnectionResetError
            received += more
        return received[2:]


def main(server, name, kind, protocol, device=None):
    asked = ipaddress.ip_address(name).reverse_pointer if kind == "PTR" else name
    question = struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0) + encode(asked) + struct.pack(">HH", TYPES[kind], 1)
    try:
        message = exchange(server, question, protocol, device)
        print(json.dumps({"code": message[3] & 15, "answers": answers(message)}))
    except TimeoutError:
        print(json.dumps({"failure": "timeout"}))
    except ConnectionRefusedError:
        print(json.dumps({"failure": "refused"}))
    except OSError as error:
        print(json.dumps({"failure": str(error)}))


main(*sys.argv[1:])

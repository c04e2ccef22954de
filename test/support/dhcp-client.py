"""A DHCP client that says what it is told to: DEVICE MESSAGE CHADDR [ADDRESS [HOSTNAME]]. Prints the answer as JSON.

MESSAGE is DISCOVER, REQUEST, DECLINE or RELEASE; CHADDR is whom it is said to be for, while frames carry the device's own
MAC address; ADDRESS is the one that is asked for or given back. The last two are never answered."""

import json
import os
import select
import socket
import struct
import sys
import time

TYPES = {"DISCOVER": 1, "REQUEST": 3, "DECLINE": 4, "RELEASE": 7}
ANSWERS = {2: "OFFER", 5: "ACK", 6: "NAK"}
COOKIE = b"\x63\x82\x53\x63"
SECONDS = 1.0


def option(code, value):
    return bytes([code, len(value)]) + value


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame(own, source, payload):
    udp = struct.pack(">HHHH", 68, 67, 8 + len(payload), 0) + payload
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, source, b"\xff" * 4)
    head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
    return b"\xff" * 6 + own + b"\x08\x00" + head + udp


def parse(packet, transaction):
    if packet[12:14] != b"\x08\x00" or packet[23] != 17:
        return None
    udp = packet[14 + (packet[14] & 15) * 4 :]
    message = udp[8:]
    if struct.unpack(">HH", udp[:4]) != (67, 68) or message[4:8] != transaction:
        return None
    options, at = {}, 240
    while message[at] != 255:
        if message[at]:
            options[message[at]] = message[at + 2 : at + 2 + message[at + 1]].hex()
            at += 2 + message[at + 1]
        else:
            at += 1
    kind = ANSWERS[int(options.pop(53), 16)]
    return {"answer": kind, "address": socket.inet_ntoa(message[16:20]), "options": options}


def main(device, message, chaddr, address="0.0.0.0", hostname=""):
    client = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
    client.bind((device, 0))
    with open(f"/sys/class/net/{device}/address") as file:
        own = bytes.fromhex(file.read().strip().replace(":", ""))
    transaction = os.urandom(4)
    wanted = socket.inet_aton(address)
    released = message == "RELEASE"
    options = option(53, bytes([TYPES[message]])) + option(55, bytes([1, 3, 6, 15, 26, 119, 121]))
    if message in ("REQUEST", "DECLINE"):
        options += option(50, wanted)
    if hostname:
        options += option(12, hostname.encode())
    hardware = bytes.fromhex(chaddr.replace(":", "")).ljust(16, b"\0")
    ciaddr = wanted if released else bytes(4)
    head = struct.pack(">BBBB", 1, 1, 6, 0) + transaction + struct.pack(">HH", 0, 0x8000)
    payload = head + ciaddr + bytes(12) + hardware + bytes(192) + COOKIE + options + b"\xff"
    client.send(frame(own, ciaddr, payload))
    end = time.monotonic() + (SECONDS if message in ("DISCOVER", "REQUEST") else 0.1)
    while (left := end - time.monotonic()) > 0:
        if select.select([client], [], [], left)[0]:
            answer = parse(client.recv(2048), transaction)
            if answer:
                print(json.dumps(answer))
                return
    print(json.dumps({"answer": "none"}))


main(*sys.argv[1:])

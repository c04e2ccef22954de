"""The half of traffic.ts that lives inside a network namespace: it answers on every port it is told, and sends batches.

    python3 traffic-agent.py NAME TCP/80 UDP/53 SCTP/80 …

A batch is one JSON line on stdin; its answer is one JSON line on stdout:

    {"id": 1, "probes": [["TCP", "10.10.20.10", 80, true], …], "settle": 0.15, "limit": 4}
    {"id": 1, "answers": ["web", "refused", null, …]}

`true` means that an answer is expected: the batch lasts until all of these have come, at most `limit` seconds, and then
`settle` seconds more, for those that should not come. So a slow machine makes it longer and not wrong.

SCTP is INIT and INIT ACK over raw sockets, which is what a firewall sees of it; the kernel needs no SCTP of its own.
"""

import errno
import json
import os
import random
import resource
import selectors
import socket
import struct
import sys
import time

IP_PKTINFO = 8
FAMILIES = (socket.AF_INET, socket.AF_INET6)
PROTOCOLS = {"TCP": socket.SOCK_STREAM, "UDP": socket.SOCK_DGRAM}
INIT, INIT_ACK, STATE_COOKIE = 1, 2, 7
RESEND = 0.3
RESET_ON_CLOSE = struct.pack("ii", 1, 0)

NAME = sys.argv[1]
selector = selectors.DefaultSelector()


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def crc32c_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


CRC32C = crc32c_table()


def sctp_packet(source_port, port, tag, kind, initiate_tag, cookie=b""):
    chunk = struct.pack("!IIHHI", initiate_tag, 65536, 1, 1, 1)
    if cookie:
        chunk += struct.pack("!HH", STATE_COOKIE, 4 + len(cookie)) + cookie
    chunk = struct.pack("!BBH", kind, 0, 4 + len(chunk)) + chunk + b"\0" * (-len(chunk) % 4)
    header = struct.pack("!HHI", source_port, port, tag)
    crc = 0xFFFFFFFF
    for byte in header + b"\0\0\0\0" + chunk:
        crc = (crc >> 8) ^ CRC32C[(crc ^ byte) & 0xFF]
    return header + struct.pack("<I", crc ^ 0xFFFFFFFF) + chunk


# --- who answers -----------------------------------------------------------------------------------------------------

sctp_ports = set()
sctp_sockets = {}
accepted = []


def told_destination(sock, family):
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)


def send_back(sock, data, ancillary, peer):
    """Answers from the address that was asked, whatever the routes would prefer."""
    control = []
    for level, kind, value in ancillary:
        if level == socket.IPPROTO_IP and kind == IP_PKTINFO:
            control.append((level, kind, struct.pack("=I4s4s", 0, value[4:8], b"\0" * 4)))
        elif level == socket.IPPROTO_IPV6 and kind == socket.IPV6_PKTINFO:
            control.append((level, kind, value[:16] + struct.pack("=I", 0)))
    try:
        sock.sendmsg([data], control, 0, peer)
    except OSError:
        pass  # no way back is silence


def serve(protocol, port):
    if protocol == "SCTP":
        sctp_ports.add(port)
        return
    for family in FAMILIES:
        sock = socket.socket(family, PROTOCOLS[protocol])
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", port))
        if protocol == "TCP":
            sock.listen(1024)
            selector.register(sock, selectors.EVENT_READ, accept)
        else:
            told_destination(sock, family)
            selector.register(sock, selectors.EVENT_READ, answer_datagrams)


def accept(sock):
    while True:
        try:
            connection, _ = sock.accept()
            connection.send(NAME.encode())
            accepted.append(connection)
        except BlockingIOError:
            return
        except OSError:
            pass  # the client has gone already


def answer_datagrams(sock):
    while True:
        try:
            _, ancillary, _, peer = sock.recvmsg(2048, 256)
        except BlockingIOError:
            return
        send_back(sock, NAME.encode(), ancillary, peer)


def open_sctp():
    for family in FAMILIES:
        sock = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_SCTP)
        sock.setblocking(False)
        told_destination(sock, family)
        sctp_sockets[family] = sock
        selector.register(sock, selectors.EVENT_READ, on_sctp)


def on_sctp(sock):
    while True:
        try:
            packet, ancillary, _, peer = sock.recvmsg(2048, 256)
        except BlockingIOError:
            return
        if sock.family == socket.AF_INET:  # a raw IPv4 socket hands over the IP header too
            packet = packet[(packet[0] & 15) * 4:]
        source_port, port = struct.unpack_from("!HH", packet)
        kind, _, length, tag = struct.unpack_from("!BBHI", packet, 12)
        if kind == INIT and port in sctp_ports:
            reply = sctp_packet(port, source_port, tag, INIT_ACK, random.getrandbits(32) | 1, NAME.encode())
            send_back(sock, reply, ancillary, (peer[0], 0))
        elif kind == INIT_ACK and batch:
            batch.on_init_ack(peer[0], source_port, port, packet[36:12 + length].decode())


# --- who asks --------------------------------------------------------------------------------------------------------

batch = None


class Batch:
    def __init__(self, question):
        self.id, self.settle = question["id"], question["settle"]
        self.probes = question["probes"]
        self.answers = [None] * len(self.probes)
        self.sockets = {}
        self.inits = {}
        self.missing = {index for index, probe in enumerate(self.probes) if probe[3]}
        now = time.monotonic()
        self.limit = now + question["limit"]
        local_port = random.randint(1024, 30000)
        for index, (protocol, address, port, _) in enumerate(self.probes):
            if protocol == "SCTP":
                local_port += 1
                self.inits[(address, port, local_port)] = index
                self.send_init(address, port, local_port)
            else:
                self.connect(index, protocol, address, port)
        self.resend_at = time.monotonic() + RESEND
        self.end = time.monotonic() + self.settle

    def connect(self, index, protocol, address, port):
        sock = socket.socket(family_of(address), PROTOCOLS[protocol])
        sock.setblocking(False)
        if protocol == "TCP":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.sockets[index] = sock
        code = sock.connect_ex((address, port))
        if code not in (0, errno.EINPROGRESS):
            self.close(index)  # no route is no answer
            return
        selector.register(sock, selectors.EVENT_READ, lambda ready: self.on_data(index, ready))
        if protocol == "UDP":
            self.send_datagram(sock)

    @staticmethod
    def send_datagram(sock):
        try:
            sock.send(b"?")
        except OSError:
            pass  # an ICMP error of the one before; reading tells

    @staticmethod
    def send_init(address, port, local_port):
        packet = sctp_packet(local_port, port, 0, INIT, random.getrandbits(32) | 1)
        try:
            sctp_sockets[family_of(address)].sendto(packet, (address, 0))
        except OSError:
            pass  # no route is no answer

    def on_data(self, index, sock):
        try:
            text = sock.recv(64).decode() or "closed"
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno != errno.ECONNREFUSED:  # unreachable is no answer
                self.close(index)
                return
            text = "refused"
        self.finish(index, text)

    def on_init_ack(self, address, port, local_port, text):
        index = self.inits.get((address, port, local_port))
        if index is not None and self.answers[index] is None:
            self.finish(index, text)

    def finish(self, index, text):
        self.answers[index] = text
        self.missing.discard(index)
        self.close(index)
        if not self.missing:
            self.end = time.monotonic() + self.settle

    def close(self, index):
        sock = self.sockets.pop(index, None)
        if sock:
            try:
                selector.unregister(sock)
            except KeyError:
                pass
            sock.close()

    def resend(self):
        """Datagrams get lost without anybody's fault; TCP's are sent again by the kernel."""
        for index in self.missing:
            if self.probes[index][0] == "UDP" and index in self.sockets:
                self.send_datagram(self.sockets[index])
        for (address, port, local_port), index in self.inits.items():
            if index in self.missing:
                self.send_init(address, port, local_port)
        self.resend_at = time.monotonic() + RESEND

    def is_over(self):
        now = time.monotonic()
        if self.missing and now >= self.resend_at:
            self.resend()
        return now >= (self.limit if self.missing else self.end)

    def close_all(self):
        for index in list(self.sockets):
            self.close(index)


def read_question(_):
    global batch, pending
    data = os.read(0, 1 << 20)
    if not data:
        os._exit(0)
    pending += data
    if not pending.endswith(b"\n"):
        return
    question, pending = json.loads(pending), b""
    while accepted:
        accepted.pop().close()
    batch = Batch(question)


pending = b""
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
open_sctp()
for argument in sys.argv[2:]:
    serve(argument.split("/")[0], int(argument.split("/")[1]))
selector.register(0, selectors.EVENT_READ, read_question)
print(json.dumps({"id": 0, "answers": []}), flush=True)
while True:
    for key, _ in selector.select(0.02 if batch else None):
        key.data(key.fileobj)
    if batch and batch.is_over():
        batch.close_all()
        print(json.dumps({"id": batch.id, "answers": batch.answers}), flush=True)
        batch = None

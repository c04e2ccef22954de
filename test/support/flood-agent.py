"""The half of flood.ts that lives inside a network namespace: it serves, keeps flows going, and floods.

    python3 flood-agent.py '{"serve": […], "flows": […], "packets": […], "rate": 2000}'

Every packet carries a number in its DSCP field, by which counters of both namespaces know it; a server answers with that
of the question, which is the first byte of what it is sent. One JSON line on stdin is a command, and its answer one on
stdout: `start` (the flows), `stats`, `quiet` and `loud` (whether they send), `calm` and `flood` (whether the raw packets
are sent).
"""

import asyncio
import json
import random
import socket
import struct
import sys
import time

IPV6_TCLASS = 67
PERIOD = 0.008  # between two packets of a steady flow, seconds
FRESH_PERIOD = 0.05  # between two new connections, seconds
PATIENCE = 4.0
MOST_UNANSWERED = 3
TCP_THIN_LINEAR_TIMEOUTS = 16
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
VARIANTS = 32

spec = json.loads(sys.argv[1])
loop = asyncio.new_event_loop()
quiet = False
flooding = False


def mark(sock, kind):
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_TCLASS, kind << 2)
    else:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, kind << 2)


def make(family, kind, protocol=0):
    sock = socket.socket(family, kind, protocol)
    sock.setblocking(False)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        sock.setsockopt(socket.SOL_SOCKET, option, 4 << 20)
    return sock


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


# --- who answers -----------------------------------------------------------------------------------------------------


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.marked = transport, False

    def data_received(self, data):
        if not self.marked:
            mark(self.transport.get_extra_info("socket"), data[0])
            self.marked = True
        self.transport.write(data)


def answer_datagrams(sock):
    option = (socket.IPPROTO_IPV6, IPV6_TCLASS) if sock.family == socket.AF_INET6 else (socket.IPPROTO_IP, socket.IP_TOS)
    while True:
        try:
            data, peer = sock.recvfrom(2048)
            sock.sendmsg([data], [(*option, struct.pack("i", data[0] << 2))], 0, peer)
        except BlockingIOError:
            return
        except OSError:
            pass  # no way back is silence, and an ICMP error of an earlier answer is none of this one


async def serve(port):
    for family, anywhere in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            sock = make(family, kind)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind((anywhere, port))
            if kind == socket.SOCK_STREAM:
                await loop.create_server(Echo, sock=sock, backlog=1024)
            else:
                loop.add_reader(sock, answer_datagrams, sock)


# --- who asks --------------------------------------------------------------------------------------------------------


class Flow:
    """What became of the flows of one kind."""

    def __init__(self, kind, protocol, address, port, fresh):
        self.kind, self.protocol, self.peer, self.fresh = kind, protocol, (address, port), fresh
        self.sent = self.answered = self.failed = 0
        self.problem, self.last, self.longest = "", time.monotonic(), 0.0

    def answer(self):
        now = time.monotonic()
        self.answered += 1
        self.longest, self.last = max(self.longest, now - self.last), now

    def fail(self, problem):
        self.failed += 1
        self.problem = self.problem or repr(problem)

    async def connected(self):
        sock = make(family_of(self.peer[0]), socket.SOCK_STREAM if self.protocol == "TCP" else socket.SOCK_DGRAM)
        mark(sock, self.kind)
        if self.protocol == "TCP":
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # It is not to wait long for the next attempt once it is allowed again.
            sock.setsockopt(socket.IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, 1)
            if self.fresh:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        await loop.sock_connect(sock, self.peer)
        return sock

    async def steady(self):
        sock = await asyncio.wait_for(self.connected(), 15)
        self.last, self.longest = time.monotonic(), 0.0
        loop.add_reader(sock, self.read, sock)
        message = bytes([self.kind]) * 16
        while True:
            unanswered = self.sent - self.answered if self.protocol == "TCP" else 0
            if not quiet and unanswered < MOST_UNANSWERED:
                try:
                    sock.send(message)
                    self.sent += 1
                except BlockingIOError:
                    pass  # it is not allowed at the moment
                except OSError as error:
                    if self.protocol == "TCP":
                        return self.fail(error)
            await asyncio.sleep(PERIOD)

    def read(self, sock):
        try:
            while True:
                data = sock.recv(16)
                if not data and self.protocol == "TCP":
                    loop.remove_reader(sock)
                    return self.fail("closed")
                self.answer()
        except BlockingIOError:
            pass
        except OSError as error:
            if self.protocol == "TCP":
                loop.remove_reader(sock)
                self.fail(error)

    async def again_and_again(self):
        while True:
            if not quiet:
                started = time.monotonic()
                try:
                    await asyncio.wait_for(self.ask_once(), PATIENCE)
                    self.answered += 1
                    self.longest = max(self.longest, time.monotonic() - started)
                except (OSError, asyncio.TimeoutError) as error:
                    self.fail(error)
            await asyncio.sleep(FRESH_PERIOD)

    async def ask_once(self):
        sock = None
        self.sent += 1
        try:
            sock = await self.connected()
            await loop.sock_sendall(sock, bytes([self.kind]))
            await loop.sock_recv(sock, 16)
        finally:
            if sock:
                sock.close()

    def run(self):
        return self.again_and_again() if self.fresh else self.steady()


# --- raw packets -----------------------------------------------------------------------------------------------------


def checksum(data):
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def segment(kind, protocol, flags, source, target, source_port, port):
    number = socket.IPPROTO_TCP if protocol == "TCP" else socket.IPPROTO_UDP
    if protocol == "TCP":
        head = struct.pack("!HHIIBB", source_port, port, random.getrandbits(32), random.getrandbits(32), 5 << 4, flags)
        head, tail = head + struct.pack("!H", 64240), b"\0\0"
    else:
        head, tail = struct.pack("!HHH", source_port, port, 16), bytes([kind]) * 8
    pseudo = source + target + struct.pack("!II", len(head) + 2 + len(tail), number)
    # Without a checksum it would be invalid to conntrack, and so dropped whatever policy says.
    return number, head + struct.pack("!H", checksum(pseudo + head + b"\0\0" + tail)) + tail


def raw_packet(kind, protocol, flags, source, target, source_port, port):
    family = family_of(source)
    ends = [socket.inet_pton(family, address) for address in (source, target)]
    number, payload = segment(kind, protocol, flags, *ends, source_port, port)
    if family == socket.AF_INET6:
        head = struct.pack("!IHBB", 6 << 28 | kind << 22, len(payload), number, 64)
        return family, head + ends[0] + ends[1] + payload, (target, 0)
    head = struct.pack("!BBHHHBBH", 0x45, kind << 2, 20 + len(payload), random.randint(1, 65535), 0, 64, number, 0)
    return family, head + ends[0] + ends[1] + payload, (target, 0)


async def flood(packets, rate):
    raw = {family: make(family, socket.SOCK_RAW, socket.IPPROTO_RAW) for family in (socket.AF_INET, socket.AF_INET6)}
    variants = []
    for _ in range(VARIANTS):
        for kind, protocol, flags, source, target, source_port, port in packets:
            near, far = (value or random.randint(20000, 60000) for value in (source_port, port))
            variants.append(raw_packet(kind, protocol, flags, source, target, near, far))
    index, due = 0, time.monotonic()
    while True:
        now = time.monotonic()
        due = max(due, now - 0.02)
        while flooding and due < now:
            due += 1 / rate
            family, packet, target = variants[index]
            index = (index + 1) % len(variants)
            try:
                raw[family].sendto(packet, target)
            except OSError:
                pass  # no route, or a full queue: what was sent is counted behind it
        await asyncio.sleep(0.004)


def stats():
    return [
        {"kind": flow.kind, "sent": flow.sent, "answered": flow.answered, "failed": flow.failed,
         "problem": flow.problem, "longest": round(flow.longest * 1000)}
        for flow in flows
    ]


def on_command():
    global quiet, flooding
    for command in sys.stdin.readline().split():
        if command == "start":
            tasks.extend(loop.create_task(guarded(flow)) for flow in flows)
        quiet = command == "quiet" or quiet and command != "loud"
        flooding = command == "flood" or flooding and command != "calm"
        print(json.dumps(stats()), flush=True)
        return
    loop.stop()


async def guarded(flow):
    try:
        await flow.run()
    except (OSError, asyncio.TimeoutError) as error:
        flow.fail(error)


flows = [Flow(**flow) for flow in spec.get("flows", [])]
for port in spec.get("serve", []):
    loop.run_until_complete(serve(port))
tasks = []
if spec.get("packets"):
    tasks.append(loop.create_task(flood(spec["packets"], spec["rate"])))
loop.add_reader(0, on_command)
print("[]", flush=True)
loop.run_forever()

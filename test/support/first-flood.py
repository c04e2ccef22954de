"""Datagrams, and frames as nobody's driver would make them: from others' addresses, and to everybody.

    python3 first-flood.py CLIENT CLIENT6 MAC-OF-A-SIBLING
"""

import socket, struct, sys, time
four, six = socket.socket(2, 2), socket.socket(10, 2)
four.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
client, client6, mac = sys.argv[1:]
sibling, stranger, everybody = bytes.fromhex(mac.replace(':', '')), bytes.fromhex('02005e005301'), b'\xff' * 6
many = ('10.10.20.255', '255.255.255.255', '224.0.0.1')

def frame(target, source, sender, receiver):
    udp = struct.pack('!HHHH', 9999, 9999, 9, 0) + b'x'
    head = struct.pack('!BBHHHBBH4s4s', 69, 0, 20 + len(udp), 0, 0, 64, 17, 0, socket.inet_aton(sender), socket.inet_aton(receiver))
    total = sum(struct.unpack('!10H', head))
    total = (total & 0xffff) + (total >> 16)
    return target + source + b'\x08\0' + head[:10] + struct.pack('!H', 0xffff - total - (total >> 16)) + head[12:] + udp

def frames(own):
    for source in (own, stranger, sibling):
        for target in (sibling, everybody):
            for sender in ('10.10.20.10', '10.10.20.1', '10.10.20.12', '192.0.2.7'):
                for receiver in ('10.10.20.12', '10.10.20.1', '10.10.20.255', client):
                    yield frame(target, source, sender, receiver)

raw, made = None, []
end = time.time() + 3
while time.time() < end:
    for port in (53, 9999):
        for one, to in ((four, client), (six, client6), (four, '10.10.20.1'), (four, '10.10.20.12')):
            try: one.sendto(b'x', (to, port))
            except OSError: pass
    for to in many:
        try: four.sendto(b'x', (to, 9999))
        except OSError: pass
    try:
        if raw is None:
            raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            raw.bind(('eth0', 0))
            made = list(frames(raw.getsockname()[4]))
        six.sendto(b'x', ('ff02::1', 9999, 0, socket.if_nametoindex('eth0')))
        for one in made: raw.send(one)
    except OSError:
        raw = None

"""Sends a UDP packet to port 9 of each address that it is given, every few milliseconds, whatever becomes of them.

Run as a program inside a network namespace.
"""

import socket
import sys
import time

PERIOD = 0.004


def connected(address: str) -> socket.socket | None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    one = socket.socket(family, socket.SOCK_DGRAM)
    try:
        one.connect((address, 9))
    except OSError:  # no route: not now
        one.close()
        return None
    return one


def main(addresses: list[str]) -> None:
    sockets: dict[str, socket.socket | None] = dict.fromkeys(addresses)
    while True:
        for address in addresses:
            sockets[address] = sockets[address] or connected(address)
            try:
                if one := sockets[address]:
                    one.send(b"drip")
            except OSError:  # refused, or unreachable
                pass
        time.sleep(PERIOD)


main(sys.argv[1:])

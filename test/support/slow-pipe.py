"""Passes on what it reads, each time so many seconds late."""

import os
import sys
import time

delay = float(sys.argv[1])
while data := os.read(0, 1 << 16):
    time.sleep(delay)
    while data:
        data = data[os.write(1, data):]

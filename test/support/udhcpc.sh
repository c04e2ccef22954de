#!/bin/sh
# What udhcpc runs: it prints what it was told, and changes nothing.
[ "$1" != bound ] || env >&2

import type { KernelEvent } from './monitor.ts';
import { type LineProgram, followProgram } from './programs.ts';

/**
 * Prints what changes in netfilter's tables: `element inet lxcnet network4`, `rule ip nat`, …, each once per transaction,
 * then `generation PROCESS NAME` for its end; `lost` where events were lost.
 *
 * Not `nft monitor`: that one (1.0.6) ends with a segmentation fault, or prints 350 kB, for each element that enters a
 * set of concatenated ranges, says nothing of one that leaves it, and keeps all elements that it has ever seen. Node
 * opens no netlink sockets; Perl is on every Debian machine (perl-base is essential there).
 *
 * The numbers are those of linux/netlink.h, linux/netfilter/nfnetlink.h and nf_tables.h. Names may hold any byte.
 */
const LISTENER = String.raw`
use strict;
use Errno qw(EINTR ENOBUFS);
$0 = 'lxcnet-nft-monitor';
$| = 1;
my @objects = qw(table chain rule set element);
my %families = (1 => 'inet', 2 => 'ip', 3 => 'arp', 5 => 'netdev', 7 => 'bridge', 10 => 'ip6');
# AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER
socket(my $socket, 16, 3, 12) or die "socket: $!\n";
# SOL_SOCKET, SO_RCVBUFFORCE
setsockopt($socket, 1, 33, pack('i', 1 << 24));
# the group NFNLGRP_NFTABLES
bind($socket, pack('S S L L', 16, 0, 0, 1 << 6)) or die "bind: $!\n";

sub clean { my ($text) = @_; $text =~ s/\0.*//s; $text =~ s/[^\w.:+-]/?/ag; return $text }

my ($data, $last) = ('', '');
while (1) {
  my $from = recv($socket, $data, 1 << 18, 0);
  if (!defined $from) {
    next if $! == EINTR;
    die "recv: $!\n" if $! != ENOBUFS;
    print "lost\n";
    next;
  }
  # The kernel's own port is 0.
  next if unpack('x4 L', $from) != 0;
  my $text = '';
  for (my $at = 0; $at + 20 <= length $data; ) {
    my ($length, $type, $family) = unpack('L S x10 C', substr $data, $at, 17);
    last if $length < 20;
    my $message = substr $data, $at + 20, $length - 20;
    $at += ($length + 3) & ~3;
    # NFNL_SUBSYS_NFTABLES
    next if $type >> 8 != 10;
    $type &= 0xff;
    my @attributes = ('') x 4;
    for (my $i = 0; $i + 4 <= length $message; ) {
      my ($size, $number) = unpack 'S S', substr $message, $i, 4;
      last if $size < 4;
      $attributes[$number] = substr $message, $i + 4, $size - 4 if $number < 4;
      $i += ($size + 3) & ~3;
    }
    my $line;
    # NFT_MSG_NEWGEN
    if ($type == 15) {
      $line = sprintf 'generation %d %s', unpack('N', $attributes[2]), clean($attributes[3]);
    } else {
      my $object = $objects[$type / 3] // 'other';
      $line = join ' ', $object, $families{$family} // 'other', clean($attributes[1]);
      $line .= ' ' . clean($attributes[2]) if $object eq 'element';
    }
    $text .= "$line\n" if $line ne $last;
    $last = $line;
  }
  print $text;
}
`;

/** The program that is started for it, with its arguments. */
export const NETFILTER_LISTENER = ['perl', '-e', LISTENER] as const;

/** Follows changes of lxcnet's own tables, and of others' chains and rules. */
export function monitorNetfilter(onEvents: (events: readonly KernelEvent[]) => void): LineProgram {
  const parse = netfilterEvents();
  const [file, ...args] = NETFILTER_LISTENER;
  return followProgram(file, args, (lines) => {
    const events = lines.flatMap(parse);
    if (events.length > 0) onEvents(events);
  });
}

const CHANGE = /^(?<object>\w+) (?<family>\w+) (?<table>\S+)(?: (?<set>\w+))?$/;
const GENERATION = /^generation (?<process>\d+) (?<name>\S*)$/;

/** Reads the listener's lines, one after the other. */
export function netfilterEvents(): (line: string) => KernelEvent[] {
  let ours = false;
  let foreign = false;
  let structure = false;
  const sets = new Set<string>();
  return (line) => {
    if (line === 'lost') return [{ part: 'unknown', monitor: 'nft', reason: 'events were lost' }];
    const generation = GENERATION.exec(line)?.groups;
    if (!generation) {
      const { object, family = '', table, set } = CHANGE.exec(line)?.groups ?? {};
      if (table === 'lxcnet' && /^(inet|bridge)$/.test(family)) {
        ours = true;
        if (object === 'element' && set !== undefined) sets.add(set);
        else structure = true;
      } else {
        foreign ||= /^(table|chain|rule)$/.test(object ?? '') && /^(ip|ip6|inet)$/.test(family);
      }
      return [];
    }
    const { process = '', name = '' } = generation;
    const events: KernelEvent[] = [
      ...(ours
        ? [
            {
              part: 'netfilter' as const,
              process: Number(process),
              name,
              ...(!structure && { sets: [...sets] }),
            },
          ]
        : []),
      ...(foreign ? [{ part: 'foreign' as const }] : []),
    ];
    ours = foreign = structure = false;
    sets.clear();
    return events;
  };
}

import { FRAMES_IN_PERL } from './frame-program.ts';
import { REPLACED } from './namespace-handle.ts';

/** The numbers of setns(2) and getsockopt(2), which Perl has no names for, or no use. */
const SYSTEM_CALLS: Readonly<
  Partial<Record<NodeJS.Architecture, readonly [setns: number, getsockopt: number]>>
> = {
  arm: [375, 295],
  arm64: [268, 209],
  ia32: [346, 365],
  loong64: [268, 209],
  ppc64: [350, 340],
  riscv64: [268, 209],
  s390x: [339, 365],
  x64: [308, 55],
};

/**
 * Sends messages of rtnetlink(7), in this network namespace or in another, and prints what the kernel answers. Node opens
 * no netlink sockets, and a program of `ip` for each container costs a hundred times as much: nearly all of that is its start.
 *
 * What it reads: frames, each a length of 32 bits in the order of the network and so many bytes: the path of the namespace
 * (its length in 16 bits first; empty for this one), the cookie of 64 bits that it has to have (0 for any), then for each
 * message the message (length in 32 bits) and its blanks (length in 16 bits, of all): where in the message, `i` for an
 * interface's index or `n` for a namespace's descriptor, and the name or path (length in 16 bits). What it prints: a frame
 * for each, in the same order: the namespace's cookie, and for each message an error's number in 16 bits (0 for none), the
 * system's words for it (length in 16 bits), and all that the kernel has sent (length in 32 bits). It ends when there is no
 * more to read.
 *
 * The numbers are those of linux/netlink.h and asm/sockios.h.
 */
const HELPER = String.raw`${FRAMES_IN_PERL}
use Errno qw(EINTR ENODEV ESTALE);
my ($setns, $getsockopt) = map { $_ + 0 } @ARGV;
$0 = 'lxcnet-netlink';
open(my $home, '<', '/proc/self/ns/net') or die "/proc/self/ns/net: $!\n";

# A socket stays in the namespace that it was made in. CLONE_NEWNET
sub enter { return syscall($setns, fileno $_[0], 0x40000000) == 0 }

sub connection {
  my ($path, $message) = @_;
  my $there;
  if ($path ne '') {
    open($there, '<', $path) or return;
    enter($there) or return;
  }
  # Messages of netfilter's have the number of a subsystem in the upper half of their type; those of rtnetlink have none.
  my $protocol = unpack('x5 C', $message) ? 12 : 0;
  # AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC; NETLINK_NETFILTER or NETLINK_ROUTE
  my $made = socket(my $socket, 16, 3 | 02000000, $protocol);
  my $error = $!;
  enter($home) or die "cannot come back from $path: $!\n" if $there;
  $! = $error;
  return if !$made;
  # SOL_NETLINK: NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK
  setsockopt($socket, 270, $_, pack 'i', 1) for 10, 11, 12;
  return $socket;
}

sub failed { my ($error, $words) = @_; $! = $error; return ($error, $words // "$!", '') }

# The number that belongs into a message, and what has to stay open until it is sent.
sub blank {
  my ($socket, $kind, $value) = @_;
  if ($kind eq 'n') {
    open(my $namespace, '<', $value) or return;
    return (fileno $namespace, $namespace);
  }
  return if length $value > 15;
  my $request = pack 'a16 x24', $value;
  # SIOCGIFINDEX
  ioctl($socket, 0x8933, $request) or return;
  return unpack 'x16 L', $request;
}

sub ask {
  my ($socket, $message, $blanks) = @_;
  my @open;
  my @blanks = unpack '(N a n/a)*', $blanks;
  while (my ($offset, $kind, $value) = splice @blanks, 0, 3) {
    my ($number, $handle) = blank($socket, $kind, $value);
    return failed(ENODEV, qq(Cannot find device "$value")) if !defined $number && $kind eq 'i';
    return failed($! + 0) if !defined $number;
    substr $message, $offset, 4, pack 'L', $number;
    push @open, $handle;
  }
  defined send($socket, $message, 0) or return failed($! + 0);
  my $data = '';
  while (1) {
    my $from = recv($socket, my $part, 1 << 18, 0);
    next if !defined $from && $! == EINTR;
    return failed($! + 0) if !defined $from;
    $data .= $part;
    for (my $at = 0; $at + 20 <= length $part; ) {
      my ($length, $type, $error) = unpack 'L S x10 l', substr $part, $at, 20;
      last if $length < 16;
      # NLMSG_ERROR, which acknowledges, too; NLMSG_DONE
      if ($type == 2 || $type == 3) {
        $! = -$error if $error < 0;
        return $error < 0 ? (-$error, "$!", $data) : (0, '', $data);
      }
      $at += ($length + 3) & ~3;
    }
  }
}

my $any = "\0" x 8;

# SOL_SOCKET, SO_NETNS_COOKIE; before Linux 5.14 there is none. Perl's own function asks for more bytes than there are.
sub cookie_of {
  my ($cookie, $length) = ($any, pack 'I', 8);
  syscall($getsockopt, fileno $_[0], 1, 71, $cookie, $length);
  return $cookie;
}

while (1) {
  my ($path, $wanted, @requests) = unpack 'n/a a8 (N/a n/a)*', take(unpack 'N', take(4));
  my $socket = connection($path, $requests[0]);
  my $error = $! + 0;
  my $cookie = $socket ? cookie_of($socket) : $any;
  my $replaced = $wanted ne $any && $wanted ne $cookie;
  my $answers = '';
  while (my ($message, $blanks) = splice @requests, 0, 2) {
    my @reply = !$socket ? failed($error)
      : $replaced ? failed(ESTALE, '${REPLACED}')
      : ask($socket, $message, $blanks);
    $answers .= pack 'n n/a N/a', @reply;
  }
  put($cookie . $answers);
}
`;

/** The program that is started for it, with its arguments. @throws {Error} For an architecture that is not known here. */
export function netlinkHelper(architecture = process.arch): readonly [string, ...string[]] {
  const numbers = SYSTEM_CALLS[architecture];
  if (!numbers) throw new Error(`lxcnet does not know how to enter a namespace on ${architecture}`);
  return ['perl', '-e', HELPER, ...numbers.map(String)];
}

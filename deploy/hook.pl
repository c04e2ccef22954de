# The short way of `lxcnet hook`: asks the daemon whether a container may go on. The start of Node alone takes as long as
# LXC takes for a container. Its value is true where it may. Anything else, and all that is unusual, is left to the long way,
# which asks again, looks by itself, waits, and says why not; here nothing is said.
use strict;

my $PATIENCE = 5; # seconds; the long way waits at least as long by default
my $RUNTIME_DIR = '/run/lxcnet';

sub leave { die "left to Node\n" }
local $SIG{ALRM} = \&leave;
local $SIG{PIPE} = 'IGNORE';
local @ARGV = @ARGV;
alarm $PATIENCE;

shift @ARGV; # `hook`
my ($which, $optional);
while (defined(my $argument = shift @ARGV)) {
  my ($option, $value) = $argument =~ /^(--[a-z-]+)(?:=(.*))?$/s;
  if (!defined $option) {
    leave if $argument =~ /^-/;
    $which //= $argument; # what follows is LXC's
  } elsif ($argument eq '--optional') {
    $optional = 1;
  } else {
    $value //= shift @ARGV // leave;
    if ($option eq '--runtime-dir') { $RUNTIME_DIR = $value }
    elsif ($option eq '--timeout') { leave if $value !~ /^(\d{1,6})s$/a || $1 < $PATIENCE }
    elsif ($option eq '--on-daemon-down') { leave if $value !~ /^(?:start|fail)$/ }
    elsif ($option !~ /^--(?:manifests|state-dir)$/) { leave }
  }
}

my $PLAIN = qr{^[\w.:@-]+$}a; # neither JSON nor a URL has another word for these
my ($name, $config) = ($ENV{LXC_NAME} // '', $ENV{LXC_CONFIG_FILE} // '');
leave if $name !~ $PLAIN;

# LXC does not tell its lxcpath: it is in the name of the monitor's socket, and in that of the configuration where this is
# the usual one.
my %paths;
open my $sockets, '<', '/proc/self/net/unix' or leave;
while (<$sockets>) { $paths{$1} = 1 if m{^[^@]*@(/.*)/\Q$name\E/command$} }
my ($path) = $config =~ m{^(/.*)/\Q$name\E/config$};
($path) = keys %paths if keys %paths == 1 && !(defined $path && $paths{$path});
leave if !defined $path || !$paths{$path} || grep { $_ !~ $PLAIN } split m{/}, substr $path, 1;

my $url = "/lxcnet/v1/lxc/$name";
my ($line, $body) = ("GET $url?path=$path", '');
if ($which eq 'start-host') {
  my $pid = $ENV{LXC_PID} // '';
  leave if $pid !~ /^[1-9]\d*$/a;
  my ($device, $inode) = stat "/proc/$pid/ns/net" or leave;
  ($line, $body) = ("POST $url/started", qq({"path":"$path","pid":$pid,"identity":"$device:$inode"}));
} elsif ($which eq 'post-stop') {
  ($line, $body) = ("POST $url/stopped", qq({"path":"$path"}));
} elsif ($which ne 'pre-start') {
  leave;
}

socket my $daemon, 1, 1, 0 or leave; # AF_UNIX, SOCK_STREAM
connect $daemon, pack 'SZ*', 1, "$RUNTIME_DIR/lxcnet.sock" or leave;
my $type = $body && "Content-Type: application/json\r\n";
my $request = "$line HTTP/1.0\r\nHost: localhost\r\n${type}Content-Length: " . length($body) . "\r\n\r\n$body";
(syswrite $daemon, $request) == length $request or leave;
my $answer = do { local $/; readline $daemon };
my ($content) = $answer =~ m{^HTTP/1\.[01] 200 .*?\r\n\r\n(.*)$}s or leave;
return 1 if $which eq 'post-stop';
my ($verdict) = $content =~ /^\{"verdict":"(\w+)"[,}]/;
$verdict eq 'go' || ($optional && $verdict eq 'unnamed');

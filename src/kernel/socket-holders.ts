import { FRAMES_IN_PERL, FrameProgram } from './frame-program.ts';

/**
 * Prints which processes hold sockets: asked for inodes with blanks between them, it answers with lines of inode, process
 * and descriptor. `ss` does the same, and takes four times as long. Whoever holds a new socket has mostly been started a
 * moment ago; all others, of which a host full of containers has thousands, are looked through where one was not found, or
 * where the question begins with `all`.
 */
const HELPER = String.raw`${FRAMES_IN_PERL}
$0 = 'lxcnet-sockets';
my ($found, %wanted, %seen, %since);

sub look_through {
  for my $pid (@_) {
    opendir(my $descriptors, "/proc/$pid/fd") or next;
    for my $fd (grep { /^\d+$/a } readdir $descriptors) {
      my $target = readlink("/proc/$pid/fd/$fd") // next;
      next if $target !~ /^socket:\[(\d+)\]$/a || !$wanted{$1};
      $found .= "$1 $pid $fd\n";
      $seen{$1} = 1;
    }
  }
}

while (1) {
  my @question = split ' ', take(unpack 'N', take(4));
  my $all = @question && $question[0] eq 'all' && shift @question;
  %wanted = map { $_ => 1 } @question;
  ($found, %seen) = ('');
  opendir(my $processes, '/proc') or die "/proc: $!\n";
  my @pids = grep { /^\d+$/a } readdir $processes;
  my $now = time;
  %since = map { $_ => $since{$_} // $now } @pids;
  look_through(grep { $since{$_} >= $now - 1 } @pids);
  look_through(grep { $since{$_} < $now - 1 } @pids) if $all || keys %seen < keys %wanted;
  put($found);
}
`;

/** What there is to look through does not grow with what is asked; milliseconds. */
const PATIENCE = 10_000;

/** A process that holds a socket, and by which descriptor. */
export interface Holder {
  readonly inode: string;
  readonly pid: number;
  readonly fd: string;
}

/** Finds out which processes hold sockets. */
export class SocketHolders {
  readonly #helper = new FrameProgram('lxcnet-sockets', ['perl', '-e', HELPER]);

  /**
   * Looks for who holds sockets.
   *
   * @param all Whether those are of interest, too, that have been there for long, where others hold it as well.
   * @returns by the inodes; nothing where that cannot be found out.
   */
  async of(inodes: readonly string[], all: boolean): Promise<ReadonlyMap<string, readonly Holder[]>> {
    const question = [...(all ? ['all'] : []), ...inodes].join(' ');
    try {
      return await this.#helper.ask(Buffer.from(question), PATIENCE, (answer) =>
        parseHolders(answer.toString()),
      );
    } catch {
      return new Map();
    }
  }

  /** Ends the helper. */
  close(): void {
    this.#helper.close();
  }
}

/** Reads lines of inode, process and descriptor. */
export function parseHolders(text: string): ReadonlyMap<string, readonly Holder[]> {
  const LINE = /^(?<inode>\d+) (?<pid>\d+) (?<fd>\d+)$/gm;
  const holders = [...text.matchAll(LINE)].map(
    ({ groups }) => groups as Record<'inode' | 'pid' | 'fd', string>,
  );
  const found = new Map<string, Holder[]>();
  for (const { inode, pid, fd } of holders) {
    const others = found.get(inode) ?? [];
    found.set(inode, [...others, { inode, pid: Number(pid), fd }]);
  }
  return found;
}

import { execFile } from 'node:child_process';

/** What nft printed, and its words where it refused anything. */
export interface NftAnswer {
  readonly stdout: string;
  readonly stderr: string;
}

const LARGEST_ANSWER = 16 * 1024 * 1024;

/**
 * Asks nft about lxcnet's own tables; for a process that is to be over within milliseconds. Never throws: what is not
 * there is not in the answer.
 */
export function queryNft(args: readonly string[], input = ''): Promise<NftAnswer> {
  return new Promise((resolve) => {
    const options = {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
      timeout: 10_000,
      maxBuffer: LARGEST_ANSWER,
    };
    const nft = execFile('nft', args, options, (error, stdout, stderr) =>
      resolve({ stdout, stderr: stderr === '' && error ? error.message : stderr }),
    );
    nft.stdin?.on('error', () => undefined); // it may not have started; then the answer says so
    nft.stdin?.end(input);
  });
}

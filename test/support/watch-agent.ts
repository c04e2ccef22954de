import { createInterface } from 'node:readline';
import { fromEvent, map } from 'rxjs';
import { watchDirectory } from '../../src/source/watch.ts';

/* Watches a directory in a process of its own, and prints each sign and each problem. A line on stdin: one was missed. */

watchDirectory(process.argv[2]!, {
  onProblem: ({ message }) => console.log(`problem ${message}`),
  missed$: fromEvent(createInterface({ input: process.stdin }), 'line').pipe(map(() => undefined)),
}).subscribe(() => console.log('sign'));

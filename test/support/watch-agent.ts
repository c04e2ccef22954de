import { watchDirectory } from '../../src/source/watch.ts';

/* Watches a directory in a process of its own, and prints each sign and each problem. */

watchDirectory(process.argv[2]!, ({ message }) => console.log(`problem ${message}`)).subscribe(() =>
  console.log('sign'),
);

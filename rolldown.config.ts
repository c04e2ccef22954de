import { defineConfig } from 'rolldown';

/*
 * The program as a few files: what is in hundreds takes Node longer to find and to link than to run, and a hook stands
 * between a container and its start.
 */
export default defineConfig({
  input: 'src/main.ts',
  platform: 'node',
  output: {
    dir: 'dist/src',
    cleanDir: true,
    entryFileNames: '[name].js',
    // The same names at each build: a process that was started before may still load a part.
    chunkFileNames: '[name].js',
  },
  // An import that leads nowhere is no more than a warning there.
  onLog(level, { message }, handle) {
    if (level === 'warn') throw new Error(message);
    handle(level, message);
  },
});

import { defineConfig } from 'vitest/config';

const KERNEL = ['test/kernel/**/*.test.ts', 'test/e2e/**/*.test.ts', 'test/faults/**/*.test.ts'];

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: KERNEL, testTimeout: 20_000 } },
      {
        test: {
          name: 'kernel',
          include: KERNEL,
          // Each file makes namespaces of its own, so files run side by side.
          maxWorkers: 4,
          // Ends what hangs, and only that: a machine that is busy takes several times as long.
          testTimeout: process.env.FAULTS === 'full' ? 1_800_000 : 300_000,
          hookTimeout: 120_000,
          globalSetup: ['test/support/sweep.ts', 'test/support/fault-report.ts'],
        },
      },
    ],
  },
});

import { defineConfig } from 'vitest/config';

const excluded = ['**/node_modules/**', '**/dist/**'];

export default defineConfig({
  test: {
    // Processes and sockets start on shared two-core machines: generous limits, since a limit that is met is no assertion.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['{shared,worker,voice-node,client,web,sim,examples}/**/*.test.{ts,tsx}'],
          exclude: excluded,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Whole systems of several processes in real time: after the rest and one at a time, so that no other test takes
        // their cores away in mid-speech.
        extends: true,
        test: {
          name: 'system',
          include: ['system/**/*.test.ts'],
          exclude: excluded,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});

import { defineConfig } from 'vitest/config';

const excluded = ['**/node_modules/**', '**/dist/**'];
/** Whole systems in which nobody's ears are asked. */
const unheard =
  'system/src/{attacks,captions,chaos,commands,drop-outs,ends,fencing,game-room,panel,real,recording,relay}.test.ts';

export default defineConfig({
  test: {
    // Processes and sockets start on shared two-core machines: generous limits, since a limit that is met is no assertion.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 15_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: [
            '{shared,worker,voice-node,client,web,sim,examples}/**/*.test.{ts,tsx}',
            'system/src/{bench,chaos,hearing}/*.test.ts',
          ],
          exclude: excluded,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'system',
          include: [unheard],
          exclude: excluded,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // Sound is judged in dB and milliseconds: after the rest and one at a time, so that no other test takes the cores away in
        // mid-speech.
        extends: true,
        test: {
          name: 'hearing',
          include: ['system/src/*.test.ts'],
          exclude: [...excluded, unheard],
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});

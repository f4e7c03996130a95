import { expect, test } from 'vitest';
import { accountsOf, chaosTable, type Spoken } from './accounts.ts';

const packet = (sentAt: number, session: number | undefined, stored: boolean): Spoken => ({
  userId: '7',
  sentAt,
  session,
  stored,
});

test('each packet is in one account: stored, lost by the kill, spoken to nobody, too early, refused', () => {
  const spoken = [
    packet(0, 1, true),
    packet(20, 1, true),
    // A tick before the kill, and one when the process was gone already.
    packet(980, 1, false),
    packet(1_000, 1, false),
    packet(1_010, 1, false),
    packet(1_020, undefined, false),
    packet(1_040, undefined, false),
    packet(2_000, 2, false),
    packet(2_020, 2, false),
    packet(2_040, 2, true),
    packet(2_060, 2, false),
    packet(2_080, 2, true),
    packet(3_000, 2, true),
    packet(3_020, 2, false),
  ];
  const accounts = accountsOf({
    spoken,
    disturbances: [
      { name: 'nothing', from: 0, cuts: false },
      { name: 'kill', from: 1_005, cuts: true, ends: true },
      { name: 'full', from: 2_900, cuts: false, refuses: 'disk full' },
    ],
    readyAt: new Map([
      [1, 0],
      [2, 2_010],
    ]),
  });
  const kill = { times: 1, reached: 7, stored: 2, lost: 3, worstLostMs: 60, undecryptable: 1, unannounced: 1 };
  expect(accounts).toMatchObject([
    { name: 'nothing', reached: 2, stored: 2, lost: 0 },
    { name: 'kill', ...kill, refused: 0, worstOutageMs: 60, resumeMs: [1_035] },
    { name: 'full', reached: 2, stored: 1, lost: 0, refused: 1 },
  ]);
  expect(chaosTable(accounts)).toContain('| kill | 1 | 7 | 2 | 3 | 60 ms | 1 | 1 | 0 | 0.1 s | 1.0 s / 1.0 s |');
});

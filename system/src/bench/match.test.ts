import { Decoder, Encoder } from '@evan/opus';
import { loadClips } from '@patchbay/sim/clips';
import { expect, test } from 'vitest';
import { matchByContent, matchByPayload, type SpokenPacket } from './match.ts';
import { percentile } from './row.ts';

async function speech(): Promise<SpokenPacket[]> {
  const clips = await loadClips();
  return ['ada-1', 'ada-2', 'ada-1'].flatMap((name, turn) =>
    (clips.get(name)?.packets ?? []).map((packet, index) => ({
      sentAt: 1_000_000 + turn * 4_000 + index * 20,
      opus: Buffer.from(packet),
    })),
  );
}

/** What a bot sends that decodes and encodes anew, `delayMs` after each packet. */
function recoded(spoken: readonly SpokenPacket[], delayMs: (index: number) => number) {
  const decoder = new Decoder({ channels: 2, sample_rate: 48_000 });
  const encoder = new Encoder({ channels: 2, sample_rate: 48_000, application: 'voip' });
  // As the node's own encoder is set.
  encoder.bitrate = 64_000;
  encoder.complexity = 5;
  encoder.inband_fec = true;
  return spoken.map(({ sentAt, opus }, index) => ({
    receivedAt: sentAt + delayMs(index),
    opus: Uint8Array.from(encoder.encode(Uint8Array.from(decoder.decode(opus)))),
  }));
}

test('packets passed through are found by payload, also when a clip is spoken again', async () => {
  const spoken = await speech();
  const heard = spoken.map(({ sentAt, opus }) => ({ receivedAt: sentAt + 0.5, opus }));
  const { delays, sought } = matchByPayload(spoken, heard);
  expect(delays).toHaveLength(sought);
  expect(new Set(delays)).toEqual(new Set([0.5]));
  expect(
    matchByPayload(
      spoken,
      recoded(spoken, () => 0.5),
    ).delays,
  ).toEqual([]);
});

test('by content the delay of each packet comes out, although it was encoded anew', async () => {
  const spoken = await speech();
  const { delays, sought } = matchByContent(
    spoken,
    recoded(spoken, (index) => (index % 2 === 0 ? 60 : 65)),
  );
  expect(delays.length).toBeGreaterThan(0.9 * sought);
  expect(sought).toBeGreaterThan(100);
  // Every one: a few that slip by a frame would decide the 99th percentile.
  expect(new Set(delays)).toEqual(new Set([60, 65]));
});

test('by content a bot that holds frames back is found later by whole frames', async () => {
  const spoken = await speech();
  const late = recoded(spoken, () => 0);
  // Three packets of silence ahead, as of a buffer: every sound lies three packets further on.
  const silence = { receivedAt: 0, opus: Uint8Array.from([0xf8, 0xff, 0xfe]) };
  const shifted = [silence, silence, silence, ...late.slice(0, -3)].map(({ opus }, index) => ({
    opus,
    receivedAt: (spoken[index]?.sentAt ?? 0) + 1,
  }));
  // Within the first clip only: later ones follow a pause.
  const length = spoken.findIndex(({ sentAt }) => sentAt >= 1_004_000);
  const { delays } = matchByContent(spoken.slice(0, length), shifted.slice(0, length));
  expect(delays.length).toBeGreaterThan(20);
  expect(percentile(delays, 0.5)).toBe(61);
});

test('other speech is not taken for it', async () => {
  const spoken = await speech();
  const clips = await loadClips();
  const other = (clips.get('dan-1')?.packets ?? []).map((packet, index) => ({
    receivedAt: 1_000_000 + index * 20,
    opus: Buffer.from(packet),
  }));
  expect(matchByPayload(spoken, other).delays).toEqual([]);
  expect(matchByContent(spoken, other).delays).toEqual([]);
});

import { beforeAll, expect, test, vi } from 'vitest';
import { sequenceDistance, timestampDistance } from '../audio/rtp.ts';
import { isSilence } from '../audio/toc.ts';
import { align, bandSnr, segmentalSnr, words } from './heard-speech.ts';
import { type CallResult, lossyCall } from './lossy-call.ts';

// Minutes of sound are encoded and recognised: seconds on a quiet machine, more on a busy one. No assertion.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

/** Two minutes each, the same words: a clean network, one as on a bad day, and a broken one with and without concealment. */
let clean: CallResult;
let badDay: CallResult;
let broken: CallResult;
let unconcealed: CallResult;
beforeAll(() => {
  const network = { jitterMs: 20 };
  clean = lossyCall();
  badDay = lossyCall({ faults: { ...network, loss: 0.05 }, skewPpm: 200 });
  broken = lossyCall({ faults: { ...network, loss: 0.2 }, skewPpm: 200 });
  unconcealed = lossyCall({ faults: { ...network, loss: 0.2 }, skewPpm: 200, bridge: { conceal: false } });
});

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const delaysOf = ({ mixed }: CallResult) => mixed.map(({ delay }) => delay);
const share = ({ heard, said }: ReturnType<typeof words>) => heard / said;

test('at 5 % loss, 20 ms jitter and 200 ppm the delay stays under 60 ms and does not drift', () => {
  for (const call of [badDay, broken]) {
    const delays = delaysOf(call);
    expect(Math.max(...delays)).toBeLessThanOrEqual(60);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(20);
    const [first, last] = [mean(delays.slice(0, 1000)), mean(delays.slice(-1000))];
    expect(Math.abs(last - first), `mean delay ${first} ms at first, ${last} ms at last`).toBeLessThan(10);
  }
});

test('what arrived is heard once each, and what did not is concealed', () => {
  for (const call of [badDay, broken]) {
    const places = call.mixed.map(({ userId, speech, index }) => `${userId}/${speech}/${index}`);
    expect(new Set(places).size).toBe(places.length);
    expect(places.length).toBeGreaterThanOrEqual(call.arrived - 5);
    // Nothing is guessed for a spurt's first packets, whose silence nobody knows of.
    const lost = clean.arrived - call.arrived;
    expect(call.counters.concealed).toBeGreaterThan(lost * 0.9);
    expect(call.counters.concealed).toBeLessThan(lost * 1.1 + 20);
  }
});

test('at 5 % loss speech is nearly the clean one: segmental SNR, and each word that is recognised without loss', () => {
  const pairs = align(clean, badDay);
  const [snr, bands] = [segmentalSnr(pairs), bandSnr(pairs)];
  const figures = `SNR ${snr} dB, by bands ${bands.all} dB`;
  expect(snr, figures).toBeGreaterThan(19);
  expect(bands.all, figures).toBeGreaterThan(23);
  const [without, under] = [words(clean), words(badDay)];
  expect(share(without), `${without.heard} of ${without.said} words on a clean network`).toBeGreaterThan(0.97);
  expect(under.heard, `${under.heard} of ${under.said} words under loss`).toBeLessThanOrEqual(under.said);
  expect(share(under) / share(without), `${under.heard} of ${under.said} words under loss`).toBeGreaterThan(0.97);
});

test('at 20 % loss concealment is better than none', () => {
  const [ours, none] = [broken, unconcealed].map((call) => {
    const pairs = align(clean, call);
    return { snr: segmentalSnr(pairs), bands: bandSnr(pairs) };
  });
  if (!ours || !none) throw new Error('There are two figures.');
  const found = `with and without concealment, dB: ${JSON.stringify([ours, none])}`;
  expect(ours.bands.whereLost - none.bands.whereLost, found).toBeGreaterThan(2.5);
  expect(ours.bands.all - none.bands.all, found).toBeGreaterThan(0.4);
  // A guessed wave has another phase than the true one, so that the waveform itself gains next to nothing.
  expect(ours.snr, found).toBeGreaterThan(none.snr);
});

test('at 20 % loss as many words are recognised with concealment as without', () => {
  const [ours, none] = [words(broken), words(unconcealed)];
  const found = `${ours.heard} with and ${none.heard} without, of ${ours.said}`;
  expect(share(ours), found).toBeGreaterThan(0.95);
  expect(ours.heard, found).toBeGreaterThanOrEqual(none.heard);
});

test('passed through: late packets and duplicates are dropped, gaps stay gaps, all else goes out on arrival', () => {
  const faults = { loss: 0.05, jitterMs: 20, duplicate: 0.05, reorder: { chance: 0.05, delayMs: 45 } };
  const call = lossyCall({ faults, bridge: { passThrough: true } });
  expect(call.counters.mixed).toBe(0);
  expect(call.counters.late).toBeGreaterThan(300);
  for (const sent of Object.values(call.sent)) {
    const voices = sent.filter(({ opus }) => !isSilence(opus));
    expect(new Set(voices.map(({ opus }) => opus)).size).toBe(voices.length);
    const steps = sent.slice(1).map((packet, index) => ({
      sequence: sequenceDistance(sent[index]?.sequence ?? 0, packet.sequence),
      timestamp: timestampDistance(sent[index]?.timestamp ?? 0, packet.timestamp),
    }));
    expect(Math.min(...steps.map(({ sequence }) => sequence))).toBe(1);
    expect(Math.min(...steps.map(({ timestamp }) => timestamp))).toBeGreaterThan(0);
    const gaps = steps.filter(({ sequence }) => sequence > 1);
    expect(gaps.length).toBeGreaterThan(sent.length * 0.05);
    // A gap in sequence is one of the same length in time.
    expect(gaps.filter(({ sequence, timestamp }) => timestamp < sequence * 960)).toEqual([]);
  }
});

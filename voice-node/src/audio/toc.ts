/** What the first byte of an Opus packet tells (RFC 6716 §3.1). */
import { FRAME_SAMPLES, SILENCE_FRAME } from './packet.ts';

/** Samples at 48 kHz in one frame, by configuration number (TOC bits 3–7). */
function frameSamples(configuration: number): number {
  if (configuration < 12) return [480, 960, 1920, 2880][configuration & 3] ?? 0;
  if (configuration < 16) return [480, 960][configuration & 1] ?? 0;
  return [120, 240, 480, 960][configuration & 3] ?? 0;
}

/**
 * Length of a packet in samples at 48 kHz; 0 when the packet is empty or malformed (longer than 120 ms, or a code 3 packet
 * without a frame count).
 */
export function packetSamples(opus: Uint8Array): number {
  const [toc, count] = opus;
  if (toc === undefined) return 0;
  const one = frameSamples(toc >> 3);
  const code = toc & 3;
  if (code === 0) return one;
  if (code < 3) return one * 2;
  const frames = (count ?? 0) & 0x3f;
  const total = one * frames;
  return total > 5760 ? 0 : total;
}

/** Is it 20 ms of audio, as in all ordinary traffic? */
export function isOneFrame(opus: Uint8Array): boolean {
  return packetSamples(opus) === FRAME_SAMPLES;
}

/** Is it Discord's silence frame (`F8 FF FE`)? Senders put five of them at the end of a spurt. */
export function isSilence(opus: Uint8Array): boolean {
  return (
    opus.length === SILENCE_FRAME.length &&
    opus[0] === SILENCE_FRAME[0] &&
    opus[1] === SILENCE_FRAME[1] &&
    opus[2] === SILENCE_FRAME[2]
  );
}

/**
 * A packet that makes a decoder conceal exactly one frame: the TOC byte of the packet before, with a frame count of one and no
 * data. Decoders take it where an empty packet would conceal another length, and their state stays in step.
 */
export function lossFrame(previous: Uint8Array | undefined): Uint8Array {
  return Uint8Array.of((previous?.[0] ?? 0xf8) & 0xfc);
}

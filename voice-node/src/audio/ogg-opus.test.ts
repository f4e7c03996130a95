import { expect, test } from 'vitest';
import { OggOpusWriter, readOggOpus } from './ogg-opus.ts';

function file(packets: Uint8Array[]): Buffer {
  const writer = new OggOpusWriter(7);
  const pages = [writer.header({ TITLE: 'Test', ARTIST: 'Ünal' })];
  for (const packet of packets) {
    const page = writer.add(packet);
    if (page) pages.push(page);
  }
  pages.push(writer.end());
  return Buffer.concat(pages);
}

const packets = Array.from({ length: 137 }, (_, index) => new Uint8Array((index * 31) % 700).fill(index));

test('what is written is read back, packet by packet', () => {
  const read = readOggOpus(file(packets));
  expect(read.packets.map((packet) => [...packet])).toEqual(packets.map((packet) => [...packet]));
  expect(read).toMatchObject({ preSkip: 312, granule: 137 * 960, ended: true });
});

test('a file that was torn anywhere is readable up to its last whole page', () => {
  const whole = file(packets);
  const torn = readOggOpus(whole.subarray(0, whole.length - 900));
  expect(torn.ended).toBe(false);
  expect(torn.packets.length).toBeGreaterThan(100);
  expect(torn.packets.length % 10).toBe(0);
});

test('a flipped byte is found', () => {
  const broken = file(packets);
  broken[2000] = (broken[2000] ?? 0) ^ 1;
  expect(() => readOggOpus(broken)).toThrowError(/checksum/);
});

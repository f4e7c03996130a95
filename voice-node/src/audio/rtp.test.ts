import { expect, test } from 'vitest';
import { addSequence, addTimestamp, RtpUnwrapper, sequenceDistance, timestampDistance } from './rtp.ts';

test('distances are signed and survive the wrap', () => {
  expect(sequenceDistance(65_535, 2)).toBe(3);
  expect(sequenceDistance(2, 65_535)).toBe(-3);
  expect(timestampDistance(0xffff_fc40, 0x0000_0000)).toBe(960);
  expect(addSequence(65_535, 1)).toBe(0);
  expect(addTimestamp(0xffff_fc40, 1920)).toBe(960);
});

test('unwraps over the wrap and keeps late packets in their place', () => {
  const unwrapper = new RtpUnwrapper();
  const first = unwrapper.unwrap({ sequence: 65_534, timestamp: 0xffff_ffff - 959 });
  const third = unwrapper.unwrap({ sequence: 0, timestamp: 960 });
  const second = unwrapper.unwrap({ sequence: 65_535, timestamp: 0 });
  expect(third.sequence - first.sequence).toBe(2);
  expect(third.timestamp - first.timestamp).toBe(1920);
  expect(second.sequence - first.sequence).toBe(1);
  expect(second.timestamp - first.timestamp).toBe(960);
});

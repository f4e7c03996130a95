import { expect, test } from 'vitest';
import { type Person, TestRoom } from './test-room.ts';

const user = (number: number) => `${300000000000000000n + BigInt(number)}`;
const [ada, ben, _cleo, _dan] = [user(1), user(2), user(3), user(4)];

/** Everybody is in the same epoch and hears everybody else. */
function expectOneGroup(room: TestRoom, speakers: Person[] = room.members): void {
  const { members } = room;
  expect(members.flatMap(({ invalid }) => invalid)).toEqual([]);
  const codes = new Set(members.map(({ client }) => client.voicePrivacyCode));
  expect([...codes]).toEqual([expect.stringMatching(/^\d{30}$/)]);
  for (const speaker of speakers) {
    const opus = Buffer.from(`\x78${speaker.userId} speaks in epoch ${room.epoch}`);
    const encrypted = speaker.client.encrypt(opus);
    expect(encrypted.includes(opus)).toBe(false);
    for (const { client } of members) {
      if (client === speaker.client) continue;
      expect(client.decrypt(speaker.userId, encrypted)).toEqual(opus);
    }
  }
}

for (const [winner, other] of [
  ['davey', 'shared'],
  ['shared', 'davey'],
  ['shared', 'shared'],
] as const) {
  test(`a first group: ${winner} commits, ${other} is welcomed`, () => {
    const room = new TestRoom();
    room.enter(ada, winner);
    room.enter(ben, other);
    room.firstGroup(ada, ben);
    expect(room.members.map(({ leaf }) => leaf)).toEqual([0, 1]);
    expectOneGroup(room);
  });
}

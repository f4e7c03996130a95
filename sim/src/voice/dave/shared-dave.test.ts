import { expect, test } from 'vitest';
import { vector } from '../mls/codec.ts';
import { readCommitWelcome } from '../mls/commit.ts';
import { Opcode } from '../opcodes.ts';
import type { DaveMember } from './dave-member.ts';
import { type Person, TestRoom } from './test-room.ts';

const user = (number: number) => `${300000000000000000n + BigInt(number)}`;
const [ada, ben, cleo, dan] = [user(1), user(2), user(3), user(4)];

/** Everybody is in the same epoch and hears everybody else. */
function expectOneGroup(room: TestRoom, speakers: Person[] = room.members): void {
  const { members } = room;
  expect(members.flatMap(({ invalid }) => invalid)).toEqual([]);
  const codes = new Set(members.map(({ client }) => client.voicePrivacyCode));
  expect([...codes]).toEqual([expect.stringMatching(/^\d{30}$/)]);
  for (const speaker of speakers) {
    const picture = Buffer.concat([Buffer.from([0x10]), Buffer.alloc(60, speaker.userId)]);
    const encryptedPicture = speaker.client.encryptVideo('VP8', picture);
    const opus = Buffer.from(`\x78${speaker.userId} speaks in epoch ${room.epoch}`);
    const encrypted = speaker.client.encrypt(opus);
    expect(encrypted.includes(opus)).toBe(false);
    for (const { client } of members) {
      if (client === speaker.client) continue;
      expect(client.decrypt(speaker.userId, encryptedPicture)).toEqual(picture);
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

test('twenty epochs of joins and leaves, committed by either implementation', () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff; // the generator of the C standard: the same run each time
    return (seed >> 8) % below;
  };
  const room = new TestRoom();
  const kinds = ['davey', 'shared'] as const;
  let next = 3;
  const committers = { davey: 0, shared: 0 };
  room.enter(ada, 'davey');
  room.enter(ben, 'shared');
  room.firstGroup(ben, ada);
  for (let round = 0; room.epoch < 21; round++) {
    const daveys = room.members.filter(({ client }) => !('state' in client));
    const shared = room.members.filter(({ client }) => 'state' in client);
    const leaves = daveys.length === 3 && random(2) === 0 ? [daveys[random(3)] ?? room.person(ada)] : [];
    for (const person of shared.slice(1)) if (random(4) === 0) leaves.push(person);
    let [freeDavey, freeShared] = [3 - daveys.length, 12 - shared.length];
    const joins: string[] = [];
    for (let count = random(5); count > 0; count--) {
      const kind = kinds[random(2)];
      if (kind === 'davey' && freeDavey-- > 0) joins.push(room.enter(user(next++), kind).userId);
      if (kind === 'shared' && freeShared-- > 0) joins.push(room.enter(user(next++), kind).userId);
    }
    if (joins.length + leaves.length === 0) continue;
    const kind = kinds[round % 2];
    room.change(
      joins,
      leaves.map(({ userId }) => userId),
      (able) => {
        const chosen = able.find(({ client }) => (kind === 'shared') === 'state' in client) ?? able[0];
        if (chosen) committers['state' in chosen.client ? 'shared' : 'davey']++;
        return chosen;
      },
    );
    expectOneGroup(room);
  }
  expect(Math.min(committers.davey, committers.shared)).toBeGreaterThan(5);
});

test('a gap is filled from the left, and a tree whose right half has emptied is cut', () => {
  const room = new TestRoom();
  const ids = Array.from({ length: 9 }, (_, index) => user(index + 1));
  for (const [index, userId] of ids.entries()) room.enter(userId, index % 4 === 0 ? 'davey' : 'shared');
  room.firstGroup(ada, ben);
  room.change(ids.slice(2), []);
  const shared = room.person(ben).client;
  const capacity = () => 'state' in shared && shared.state?.tree.leafCapacity;
  expect(capacity()).toBe(16);
  room.change([], [user(9), cleo]);
  expect(capacity()).toBe(8);
  expectOneGroup(room);
  room.enter(user(20), 'shared');
  room.change([user(20)], ids.slice(4, 8));
  expect([room.person(user(20)).leaf, capacity()]).toEqual([2, 4]);
  expectOneGroup(room);
  room.change([], [user(20), dan]);
  expect(capacity()).toBe(2);
  expectOneGroup(room);
});

test('of all people here one commits; when they leave first, the next one does', async () => {
  const room = new TestRoom();
  const eve = user(5);
  for (const userId of [ada, ben, cleo, eve]) room.enter(userId, 'shared');
  room.firstGroup(ada, ben);
  room.change([cleo, eve], []);
  room.enter(dan, 'davey');
  const proposals = [room.add(dan)];
  for (const person of room.members) room.propose(person, proposals);
  expect(room.members.map(({ commits }) => commits.length)).toEqual([1, 0, 0, 0]);
  for (const userId of [ada, ben]) {
    const { client } = room.person(userId);
    if ('leave' in client) client.leave();
    room.person(userId).leaf = undefined;
  }
  await Promise.resolve();
  expect(room.members.map(({ commits }) => commits.length)).toEqual([1, 0]);
  room.announce(room.person(cleo), proposals);
  const here = room.members;
  expect(new Set(here.map(({ client }) => client.voicePrivacyCode)).size).toBe(1);
  expect(room.person(dan).client.ready).toBe(true);
});

test('a member who lags keeps the epoch they are in', () => {
  const room = new TestRoom();
  for (const userId of [ada, ben, cleo]) room.enter(userId, 'shared');
  room.firstGroup(ada, ben);
  const before = room.person(ben).client.voicePrivacyCode;
  const held: Parameters<DaveMember['onBinary']>[] = [];
  const late = room.person(ben).client;
  const deliver = late.onBinary.bind(late);
  late.onBinary = (...message: Parameters<DaveMember['onBinary']>) => void held.push(message);
  room.change([cleo], []);
  expect(late.voicePrivacyCode).toBe(before);
  expect(() => late.decrypt(ada, room.person(ada).client.encrypt(Buffer.from('too early')))).toThrow('this key');
  for (const [opcode, payload, recognised] of held) deliver(opcode, payload, [...recognised]);
  expectOneGroup(room);
});

test('a forged commit is refused with op 31 and a new key package; the others go on', () => {
  const room = new TestRoom();
  for (const [index, userId] of [ada, ben, cleo, dan].entries()) room.enter(userId, index === 0 ? 'davey' : 'shared');
  room.firstGroup(ada, ben);
  room.change([cleo, dan], []);
  room.enter(user(5), 'shared');
  const proposals = [room.add(user(5))];
  for (const person of room.members) room.propose(person, proposals);
  const commit = room.person(ada).commits.at(-1) ?? Buffer.alloc(0);
  const forged = Buffer.from(commit);
  forged[40] = (forged[40] ?? 0) ^ 1;
  const victim = room.person(dan);
  const before = room.person(cleo).client.voicePrivacyCode;
  const keyPackage = victim.keyPackage?.ref;
  victim.client.onBinary(Opcode.DaveMlsAnnounceCommitTransition, Buffer.concat([Buffer.from([0, 9]), forged]), []);
  expect([victim.invalid, victim.client.ready]).toEqual([[9], false]);
  expect(victim.keyPackage?.ref).not.toEqual(keyPackage);
  expect(room.person(cleo).client.voicePrivacyCode).toBe(before);
  victim.leaf = undefined;
  room.announce(room.person(ada), proposals);
  victim.invalid = [];
  expectOneGroup(room);
});

test('an Add of somebody who was not announced is refused', () => {
  const room = new TestRoom();
  for (const userId of [ada, ben, cleo]) room.enter(userId, 'shared');
  room.firstGroup(ada, ben);
  const proposals = [room.add(cleo)];
  room.people.delete(cleo);
  room.propose(room.person(ada), proposals);
  expect([room.person(ada).invalid, room.person(ada).commits]).toEqual([[0], []]);
});

test('frames are heard once, also after the next epoch has begun, but not for ever', () => {
  let now = 0;
  const room = new TestRoom(() => now);
  for (const userId of [ada, ben, cleo]) room.enter(userId, userId === ada ? 'davey' : 'shared');
  room.firstGroup(ada, ben);
  const [speaker, listener] = [room.person(ada).client, room.person(ben).client];
  const frames = ['one', 'two', 'three'].map((text) => speaker.encrypt(Buffer.from(text)));
  const [one, two, three] = frames;
  if (!one || !two || !three) throw new Error('three frames are needed');
  expect(listener.decrypt(ada, one).toString()).toBe('one');
  expect(() => listener.decrypt(ada, one)).toThrow('was here before');
  expect(() => listener.decrypt(ben, two)).toThrow('does not belong to this key');
  expect(() => listener.decrypt(ada, Buffer.from('plain opus'))).toThrow('not encrypted');
  room.change([cleo], []);
  now += 9_999;
  expect(listener.decrypt(ada, two).toString()).toBe('two');
  now += 1;
  expect(() => listener.decrypt(ada, three)).toThrow('does not belong to this key');
});

test('fifty people form a group with a bot', () => {
  const room = new TestRoom();
  const ids = Array.from({ length: 50 }, (_, index) => user(index + 2));
  room.enter(ada, 'davey');
  for (const userId of ids) room.enter(userId, 'shared');
  room.firstGroup(ada, ids[0] ?? '');
  room.change(ids.slice(1), [], (able) => able.at(-1));
  expect(room.members).toHaveLength(51);
  expectOneGroup(room, [room.person(ada), room.person(user(50))]);
  room.change([], ids.slice(10, 40));
  expectOneGroup(room, [room.person(ada), room.person(user(50))]);
});

test('proposals that are taken back are left out of the commit, as davey does', () => {
  const room = new TestRoom();
  for (const [index, userId] of [ada, ben, cleo, dan].entries()) room.enter(userId, index === 0 ? 'davey' : 'shared');
  room.firstGroup(ada, ben);
  const proposals = [room.add(cleo), room.add(dan)];
  const [kept, revoked] = proposals.map(({ ref }) => ref);
  const revocation = Buffer.concat([Buffer.from([1]), vector(vector(Buffer.from(revoked ?? '', 'hex')))]);
  for (const person of room.members) {
    room.propose(person, proposals);
    person.client.onBinary(Opcode.DaveMlsProposals, revocation, [...room.people.keys()]);
    expect(readCommitWelcome(person.commits.at(-1) ?? Buffer.alloc(0)).proposalRefs).toEqual([kept]);
  }
  room.announce(room.person(ben), proposals);
  expect(room.members).toHaveLength(3);
  expectOneGroup(room);
});

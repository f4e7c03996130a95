import { DAVESession } from '@snazzah/davey';
import { expect, test } from 'vitest';
import { MlsError } from './codec.ts';
import { readCommitWelcome, welcomeFor } from './commit.ts';
import { readKeyPackage } from './key-package.ts';
import { appendPayload, ExternalSender } from './proposal.ts';

const channelId = '200000000000000001';
const ada = '300000000000000001';
const ben = '300000000000000002';

test('a key package is taken bare or wrapped, and refused when it is not that of its sender', () => {
  const bytes = new DAVESession(1, ada, channelId).getSerializedKeyPackage();
  const bare = readKeyPackage(bytes, ada);
  expect(readKeyPackage(Buffer.concat([Buffer.from([0, 1, 0, 5]), bytes]), ada).ref).toEqual(bare.ref);
  expect(() => readKeyPackage(bytes, ben)).toThrow('another user');
  const forged = Buffer.from(bytes);
  forged[10] = (forged[10] ?? 0) ^ 1; // inside the init key
  expect(() => readKeyPackage(forged, ada)).toThrow('signature is wrong');
  expect(() => readKeyPackage(bytes.subarray(0, -1), ada)).toThrow(MlsError);
  expect(() => readKeyPackage(Buffer.concat([bytes, Buffer.from([0])]), ada)).toThrow('too many');
});

test('an external Add is committed by a member, and the cut Welcome lets the other one in', () => {
  const sender = new ExternalSender();
  const first = new DAVESession(1, ada, channelId);
  const second = new DAVESession(1, ben, channelId);
  for (const session of [first, second]) session.setExternalSender(sender.packageBytes);
  const keyPackage = readKeyPackage(second.getSerializedKeyPackage(), ben);
  first.getSerializedKeyPackage();
  const proposal = sender.propose(channelId, 0n, { kind: 'add', keyPackage });
  const { commit, welcome } = first.processProposals(0, appendPayload([proposal]).subarray(1), [ada, ben]);
  if (!commit || !welcome) throw new Error('the member made no commit');
  const read = readCommitWelcome(Buffer.concat([commit, welcome]));
  expect(read).toMatchObject({ epoch: 0n, senderLeaf: 0, proposalRefs: [proposal.ref] });
  expect(read.commit).toEqual(commit);
  first.processCommit(read.commit);
  const cut = read.welcome && welcomeFor(read.welcome, keyPackage.ref);
  if (!cut) throw new Error('the Welcome does not invite the newcomer');
  second.processWelcome(cut);
  expect(second.voicePrivacyCode).toBe(first.voicePrivacyCode);
  expect(read.welcome && welcomeFor(read.welcome, Buffer.alloc(32))).toBeUndefined();
  expect(() => readCommitWelcome(commit.subarray(0, -1))).toThrow(MlsError);
});

import { expect, test } from 'vitest';
import { TestRoom } from '../dave/test-room.ts';
import { MlsError, Reader, vector } from './codec.ts';
import { readCommitWelcome, readWelcome, welcomeFor } from './commit.ts';
import { readCommitMessage } from './commit-message.ts';
import { processCommit } from './commit-processing.ts';
import { writeGroupContext } from './group-state.ts';
import { mac } from './hkdf.ts';
import { makeKeyPackage } from './key-package.ts';
import { PrivateKeys } from './private-keys.ts';
import type { Proposal } from './proposal.ts';
import { generateSignatureKeys } from './signature.ts';
import { joinGroup, keysOfNewcomer, openGroupInfo, openGroupSecrets, welcomeContext } from './welcome.ts';

const [ada, ben, cleo, dan] = ['300000000000000001', '300000000000000002', '300000000000000003', '300000000000000004'];
const byRef = (proposals: Proposal[]) => new Map(proposals.map((proposal) => [proposal.ref, proposal]));

/** A group of davey, two of ours, and a commit of davey that removes one and adds another. */
function scene() {
  const room = new TestRoom();
  room.enter(ada, 'davey');
  for (const userId of [ben, cleo]) room.enter(userId, 'shared');
  room.firstGroup(ada, ben);
  room.change([cleo], []);
  const signatureKeys = generateSignatureKeys();
  const newcomer = makeKeyPackage(dan, signatureKeys);
  const client = room.person(ben).client;
  if (!('state' in client) || !client.state) throw new Error('no state');
  const { state } = client;
  room.enter(dan, 'shared').keyPackage = { ...newcomer, userId: dan, initKey: newcomer.initKeys.publicKey };
  const proposals = [room.remove(cleo), room.add(dan)];
  room.people.delete(cleo);
  room.propose(room.person(ada), proposals);
  const { commit, welcome } = readCommitWelcome(room.person(ada).commits.at(-1) ?? Buffer.alloc(0));
  if (!welcome) throw new Error('no Welcome');
  return { state, commit, welcome, newcomer, proposals, privateKeys: room.shared.privateKeys };
}

test('a commit of davey and its Welcome lead to the same epoch, and to private keys that fit', () => {
  const { state, commit, welcome, newcomer, proposals, privateKeys } = scene();
  const next = processCommit(state, commit, byRef(proposals), privateKeys);
  const context = welcomeContext(welcome.encryptedGroupInfo);
  const { joinerSecret, pathSecret } = openGroupSecrets(welcome, newcomer, context);
  expect(pathSecret).toHaveLength(32);
  const groupInfo = openGroupInfo(welcome.encryptedGroupInfo, joinerSecret);
  const joined = joinGroup(groupInfo);
  expect(joined.secrets).toEqual(next.secrets);
  expect(joined.contextBytes).toEqual(writeGroupContext(next.context));
  const [leafKeys, ...above] = keysOfNewcomer(joined, groupInfo.signer, newcomer, pathSecret);
  expect(joined.tree.leaf(2)?.encryptionKey).toEqual(leafKeys?.publicKey);
  expect(above.length).toBeGreaterThan(0);
  for (const { publicKey } of above) expect(privateKeys.of(publicKey)).toBeDefined();
  const stranger = makeKeyPackage(dan, generateSignatureKeys());
  expect(() => openGroupSecrets(welcome, stranger, context)).toThrow('another key package');
  expect(() => openGroupSecrets(welcome, { ...stranger, ref: newcomer.ref }, context)).toThrow('this key');
  expect(() => openGroupInfo(welcome.encryptedGroupInfo, Buffer.alloc(32))).toThrow('this key');
  expect(() => joinGroup({ ...groupInfo, signer: 1 })).toThrow('signature of the GroupInfo');
  const cut = welcomeFor(welcome, newcomer.ref) ?? Buffer.alloc(0);
  expect(readWelcome(new Reader(cut)).secrets.size).toBe(1);
});

test('a commit with any other byte is refused, and nothing changes', () => {
  const { state, commit, proposals, privateKeys } = scene();
  const before = [privateKeys.size, state.tree.hash().toString('hex'), state.contextBytes.toString('hex')];
  for (let index = 0; index < commit.length; index++) {
    const forged = Buffer.from(commit);
    forged[index] = (forged[index] ?? 0) ^ 1;
    expect(() => processCommit(state, forged, byRef(proposals), privateKeys), `byte ${index}`).toThrow(MlsError);
  }
  expect([privateKeys.size, state.tree.hash().toString('hex'), state.contextBytes.toString('hex')]).toEqual(before);
  expect(() => processCommit(state, commit, new Map(), privateKeys)).toThrow('which nobody made');
  expect(() => processCommit(state, commit, byRef(proposals), new PrivateKeys())).toThrow('nobody in this process');
  const next = processCommit(state, commit, byRef(proposals), privateKeys);
  expect(() => processCommit(next, commit, byRef(proposals), privateKeys)).toThrow('is for epoch 2');
});

test('a member cannot forge what the membership tag alone would let through', () => {
  const { state, commit, proposals, privateKeys } = scene();
  const read = readCommitMessage(new Reader(commit));
  /** The commit with other parts, and a membership tag as any member could make it. */
  const forge = (parts: Partial<typeof read>) => {
    const { framedContent, signature, confirmationTag } = { ...read, ...parts };
    const header = Buffer.from([0, 1, 0, 1]);
    const authentication = Buffer.concat([vector(signature), vector(confirmationTag)]);
    const tag = mac(state.secrets.membershipKey, header, framedContent, state.contextBytes, authentication);
    const bytes = Buffer.concat([header, framedContent, authentication, vector(tag)]);
    return () => processCommit(state, bytes, byRef(proposals), privateKeys);
  };
  const changed = (offset: number, value: number) => {
    const framedContent = Buffer.from(read.framedContent);
    framedContent[offset] = value;
    return { framedContent };
  };
  const senderOffset = 9 + 8 + 1 + 3; // behind group id, epoch and sender type
  expect(forge({})).not.toThrow();
  expect(forge({ confirmationTag: Buffer.alloc(32) })).toThrow('confirmation tag');
  expect(forge(changed(senderOffset, 1))).toThrow('signature of the commit');
  expect(forge(changed(senderOffset, 3))).toThrow('which is blank');
  expect(forge(changed(9 + 7, 9))).toThrow('is for epoch 9');
  expect(forge(changed(8, 9))).toThrow('another group');
  expect(forge({ signature: read.confirmationTag })).toThrow('signature of the commit');
});

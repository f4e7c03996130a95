/** Forged, stale, replayed and foreign requests against the running system: refused with the right code, and nothing changes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sign } from '@patchbay/shared/signing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import { type Scene, setScene } from './scenario/first-call.ts';
import { exchangeCode, mintCode } from './stack/hub.ts';
import { Stack } from './stack/stack.ts';

let directory: string;
let scene: Scene;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'patchbay-attacks-'));
  scene = await setScene(await Stack.start({ directory }));
}, 120_000);

afterAll(async () => {
  for (const watcher of scene?.watchers ?? []) watcher.close();
  await scene?.stack.stop();
  await rm(directory, { recursive: true, force: true });
}, 60_000);

/** What anybody could see change: the guild's picture, as the hub gives it. */
async function picture(side = 0): Promise<unknown> {
  const { stack, both } = scene;
  const guildId = both[side]?.guildId ?? '';
  const token = await exchangeCode(
    stack.workerUrl,
    await mintCode(stack.workerUrl, stack.hubSecret, both[side]?.ownerId ?? '', [guildId]),
  );
  const response = await fetch(`${stack.workerUrl}/api/guilds/${guildId}/presence`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(response.status).toBe(200);
  return response.json();
}

test.each([
  ['forged', 401],
  ['tampered', 401],
  ['stale', 401],
  ['missing', 401],
] as const)('a %s interaction is refused with %i and sets nothing up', async (variant, status) => {
  const { stack, both } = scene;
  const [side] = both;
  const before = await picture();
  const answer = await stack.sim.command({
    applicationId: stack.application.applicationId,
    guildId: side.guildId,
    channelId: side.textChannelId,
    userId: side.ownerId,
    name: 'setup',
    options: [
      {
        name: 'after-end',
        type: 1,
        options: [
          { name: 'policy', type: 3, value: 'cooldown' },
          { name: 'channel', type: 7, value: side.channelId },
        ],
      },
    ],
    variant,
  });
  expect(answer).toMatchObject({ outcome: 'refused', status });
  expect(await picture()).toEqual(before);
});

test('an interaction that is sent a second time is refused', async () => {
  const { stack, both } = scene;
  const [side] = both;
  const answer = await stack.sim.command({
    applicationId: stack.application.applicationId,
    guildId: side.guildId,
    channelId: side.textChannelId,
    userId: side.ownerId,
    name: 'call',
    options: [{ name: 'status', type: 1, options: [{ name: 'channel', type: 7, value: side.channelId }] }],
    variant: 'replayed',
  });
  expect(answer).toMatchObject({ outcome: 'refused', status: 409 });
});

/** An event that would empty a channel, were it believed. */
function leaveEvent(nodeId: string): string {
  const [side] = scene.both;
  const event = {
    id: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
    at: Date.now(),
    nodeId,
    seq: 1,
    guildId: side.guildId,
    type: 'voice.left',
    userId: side.members[0]?.userId,
    previousChannelId: side.channelId,
    bot: false,
    cause: { kind: 'left', certainty: 1 },
  };
  return JSON.stringify({ stream: '01ARZ3NDEKTSV4RRFFQ69G5FAW', events: [event] });
}

async function post(body: string, headers: Record<string, string>): Promise<{ status: number; code: string }> {
  const response = await fetch(`${scene.stack.workerUrl}/api/internal/events`, { method: 'POST', headers, body });
  const answer = (await response.json()) as { error?: { code: string } };
  return { status: response.status, code: answer.error?.code ?? '' };
}

test('forged, tampered, stale and unsigned events are refused and nobody leaves', async () => {
  const { stack, both } = scene;
  const [side] = both;
  const member = side.members[0]?.userId ?? '';
  await stack.sim.join(member, side.channelId);
  await scene.watchers[0].until('the member to be shown', () =>
    scene.watchers[0].events.find(({ event, payload }) => event === 'voice.joined' && payload.member.userId === member),
  );
  const before = await picture();
  const path = '/api/internal/events';
  const body = leaveEvent('node-1');
  const request = { method: 'POST', path, nodeId: 'node-1', body };
  const forged = await sign('another secret of thirty-two characters', request);
  const good = await sign(stack.hubSecret, request);
  const stale = await sign(stack.hubSecret, { ...request, timestamp: Date.now() - 6 * 60_000 });
  expect(await post(body, {})).toEqual({ status: 401, code: 'signature_missing' });
  expect(await post(body, forged)).toEqual({ status: 401, code: 'signature_wrong' });
  expect(await post(body.replace('voice.left', 'voice.lost'), good)).toEqual({ status: 401, code: 'signature_wrong' });
  expect(await post(body, stale)).toEqual({ status: 401, code: 'signature_stale' });
  // Rightly signed by one node, in the name of another.
  const other = await sign(stack.hubSecret, { ...request, nodeId: 'node-2' });
  expect((await post(body, other)).status).toBe(403);
  expect(await picture()).toEqual(before);
  await stack.sim.leave(member);
});

function closeOf(token: unknown, guildId: string): Promise<number> {
  const socket = new WebSocket(`${scene.stack.workerUrl.replace('http', 'ws')}/api/ws?guild=${guildId}`);
  return new Promise((resolve, reject) => {
    socket.on('open', () => socket.send(JSON.stringify({ v: 1, type: 'auth', token })));
    socket.on('message', (data) => {
      if (String(data).includes('presence.snapshot')) reject(new Error('the guild was shown'));
    });
    socket.on('close', (code) => resolve(code));
    socket.on('error', reject);
  });
}

test("a wrong token, an unsigned one, and another guild's token open no hub", async () => {
  const { stack, both } = scene;
  const [left, right] = both;
  const token = await exchangeCode(
    stack.workerUrl,
    await mintCode(stack.workerUrl, stack.hubSecret, left.ownerId, [left.guildId]),
  );
  const [, payload = ''] = token.split('.');
  const unsigned = `${Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url')}.${payload}.`;
  expect(await closeOf('nonsense', left.guildId)).toBe(4001);
  expect(await closeOf(unsigned, left.guildId)).toBe(4001);
  expect(await closeOf(`${token.slice(0, -4)}AAAA`, left.guildId)).toBe(4001);
  expect(await closeOf(token, right.guildId)).toBe(4003);
}, 60_000);

test('a sign-in code works once; without the operator there is none', async () => {
  const { stack, both } = scene;
  const code = await mintCode(stack.workerUrl, stack.hubSecret, both[0].ownerId, [both[0].guildId]);
  await exchangeCode(stack.workerUrl, code);
  await expect(exchangeCode(stack.workerUrl, code)).rejects.toThrow(/401/);
  await expect(mintCode(stack.workerUrl, 'x'.repeat(32), both[0].ownerId, [both[0].guildId])).rejects.toThrow(/401/);
});

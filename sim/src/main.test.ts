import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadClips } from './clips/library.ts';
import { SimControl } from './control/client.ts';

let directory: string;
let child: ChildProcess;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sim-'));
});
afterEach(async () => {
  if (child.exitCode === null) child.kill('SIGKILL');
  await rm(directory, { recursive: true });
});

async function start(environment: Record<string, string>) {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  child = spawn(process.execPath, [main], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (!child.stdout) throw new Error('no stdout');
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return JSON.parse(line) as { ready: boolean; apiUrl: string; controlUrl: string; certificateFile: string };
}

test('the process says where it is; people in one channel hear each other exactly; SIGTERM ends it cleanly', async () => {
  const ready = await start({ SIM_CERTIFICATE_FILE: join(directory, 'ca.pem') });
  expect(ready.ready).toBe(true);
  expect(await readFile(ready.certificateFile, 'utf8')).toMatch(/^-----BEGIN CERTIFICATE-----/);
  const control = new SimControl(ready.controlUrl);
  const { guildId } = await control.createGuild({ name: 'guild' });
  const { channelId } = await control.createVoiceChannel(guildId, { name: 'talk' });
  const ada = await control.createMember(guildId, { name: 'ada' });
  const ben = await control.createMember(guildId, { name: 'ben' });
  await control.join(ada.userId, channelId);
  await control.join(ben.userId, channelId);
  await Promise.all([control.ready(ada.userId), control.ready(ben.userId)]);

  const { packets } = await control.speak(ada.userId, { clip: 'ada-1' });
  await control.waitUntilSilent(ada.userId);
  const clip = (await loadClips()).get('ada-1');
  const spoken = clip?.packets.map((packet) => Buffer.from(packet).toString('base64')) ?? [];
  expect(packets).toBe(spoken.length);
  const heard = await control.heard(ben.userId);
  expect(new Set(heard.map(({ fromUserId }) => fromUserId))).toEqual(new Set([ada.userId]));
  const silence = Buffer.from('f8fffe', 'hex').toString('base64');
  expect(heard.map(({ opus }) => opus).filter((opus) => opus !== silence)).toEqual(
    spoken.filter((opus) => opus !== silence),
  );
  expect(await control.heard(ada.userId)).toEqual([]);

  const own = clip?.packets.slice(10, 15) ?? [];
  await control.clearHeard(ben.userId);
  expect((await control.speak(ada.userId, { packets: own })).packets).toBe(5);
  await control.waitUntilSilent(ada.userId);
  expect((await control.heard(ben.userId)).map(({ opus }) => opus).filter((opus) => opus !== silence)).toEqual(
    own.map((packet) => Buffer.from(packet).toString('base64')),
  );
  expect((await control.counters()).plaintextFramesInDaveRooms).toBe(0);

  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
});

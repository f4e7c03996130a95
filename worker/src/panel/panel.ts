import { DurableObject } from 'cloudflare:workers';
import { MessageFlags } from 'discord-api-types/v10';
import { callDiscord } from '../discord/rest.ts';
import { type Env, settingsOf } from '../env.ts';
import { answered, isDue, type PanelPlace, type PanelRecord, wants } from './plan.ts';
import { renderPanel } from './render.ts';
import type { PanelState } from './state.ts';

const newNonce = () => crypto.randomUUID().replaceAll('-', '').slice(0, 25);

/**
 * The one message that shows what a voice channel is doing, in the text channel that its server chose. Posted once, then
 * edited in place: states that come faster than edits are allowed are skipped, the newest always arrives. Named `guild:channel`.
 */
export class Panel extends DurableObject<Env> {
  #working = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS panel(id INTEGER PRIMARY KEY CHECK(id = 1), body TEXT NOT NULL)');
  }

  /** The newest state of the channel. An older `version` than the last changes nothing. */
  async show(place: PanelPlace, state: PanelState, version: number): Promise<void> {
    const before = this.record();
    const record = wants(before, place, state, version, newNonce);
    if (!record) return;
    this.#put(record);
    await this.ctx.storage.setAlarm(Math.max(Date.now(), record.notBefore));
    if (before?.messageId !== undefined && record.messageId === undefined) this.ctx.waitUntil(this.#remove(before));
    if (Date.now() >= record.notBefore) this.ctx.waitUntil(this.#work());
  }

  /** The panel is not wanted any more: its message goes. */
  async forget(): Promise<void> {
    const record = this.record();
    this.ctx.storage.sql.exec('DELETE FROM panel');
    await this.ctx.storage.deleteAlarm();
    if (record?.messageId !== undefined) this.ctx.waitUntil(this.#remove(record));
  }

  /** Why nothing can be posted, if so. */
  problem(): string | undefined {
    return this.record()?.problem;
  }

  /** What is stored. */
  record(): PanelRecord | undefined {
    const [row] = this.ctx.storage.sql.exec<{ body: string }>('SELECT body FROM panel').toArray();
    // What JSON leaves out reads as undefined, as the type says.
    return row ? (JSON.parse(row.body) as PanelRecord) : undefined;
  }

  override async alarm(): Promise<void> {
    await this.#work();
  }

  /** Posts or edits until the newest state is shown; one at a time. */
  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    try {
      const record = this.record();
      if (!record || !isDue(record)) return;
      const { version } = record;
      const answer = await callDiscord(settingsOf(this.env), this.#call(record));
      const newest = this.record();
      // It may have been forgotten, or moved to another channel, while Discord was asked.
      if (newest?.place.textChannelId !== record.place.textChannelId) return;
      const next = answered(newest, version, answer, Date.now(), newNonce);
      this.#put(next);
      if (next.problem !== undefined) console.error(`panel: ${next.problem} in channel ${next.place.textChannelId}`);
      if (isDue(next)) await this.ctx.storage.setAlarm(next.notBefore);
    } finally {
      this.#working = false;
    }
  }

  #call({ place, messageId, wanted, nonce }: PanelRecord) {
    const path = `/channels/${place.textChannelId}/messages`;
    const body = renderPanel(wanted);
    if (messageId !== undefined) return { method: 'PATCH' as const, path: `${path}/${messageId}`, body };
    // A post whose answer got lost is repeated: the nonce makes Discord give the same message back.
    // Nobody is to be notified of a panel; that can be said only when it is posted.
    const flags = body.flags | MessageFlags.SuppressNotifications;
    return { method: 'POST' as const, path, body: { ...body, flags, nonce, enforce_nonce: true } };
  }

  /** Best effort: a message that stays behind is only out of date. */
  async #remove({ place, messageId }: PanelRecord): Promise<void> {
    const path = `/channels/${place.textChannelId}/messages/${messageId}`;
    await callDiscord(settingsOf(this.env), { method: 'DELETE', path });
  }

  #put(record: PanelRecord): void {
    this.ctx.storage.sql.exec('INSERT OR REPLACE INTO panel(id, body) VALUES (1, ?)', JSON.stringify(record));
  }
}

import { DurableObject } from 'cloudflare:workers';
import { MessageFlags } from 'discord-api-types/v10';
import { callDiscord, type DiscordAnswer } from '../discord/rest.ts';
import { type Env, settingsOf } from '../env.ts';
import { fingerprint, LIVE_SPACING_MS, liveDueAt } from './live.ts';
import { answered, isDue, type PanelPlace, type PanelRecord, wants } from './plan.ts';
import { type PanelMessage, renderPanel } from './render.ts';
import type { PanelLive, PanelProgress, PanelState } from './state.ts';

const newNonce = () => crypto.randomUUID().replaceAll('-', '').slice(0, 25);

/**
 * The one message that shows what a voice channel is doing, in the text channel that its server chose. Posted once, then
 * edited in place: states that come faster than edits are allowed are skipped, the newest always arrives. Named `guild:channel`.
 *
 * Live facts (who speaks, the delay) are kept in memory. They come along with each edit of the state; edits for them alone are
 * rare, and go beside the state's: a state never waits for one.
 */
export class Panel extends DurableObject<Env> {
  #working = false;
  #live: PanelLive | undefined;
  #progress: PanelProgress | undefined;
  /** Live facts alone are not edited in before this instant, ms since the epoch. */
  #liveNotBefore = 0;
  #liveTimer: ReturnType<typeof setTimeout> | undefined;
  /** An edit for live facts is on its way. */
  #liveEditing = false;

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

  /** The newest live facts. */
  live(facts: PanelLive): void {
    this.#live = facts;
    this.#planLive();
  }

  /** How far a recording of the channel is; at 100 % nothing is shown any more. */
  progress({ stage, percent }: PanelProgress): void {
    this.#progress = percent >= 100 ? undefined : { stage, percent };
    this.#planLive();
  }

  /** The panel is not wanted any more: its message goes. */
  async forget(): Promise<void> {
    const record = this.record();
    this.#live = undefined;
    this.#progress = undefined;
    clearTimeout(this.#liveTimer);
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
      const message = renderPanel(record.wanted, this.#live, this.#progress);
      const overtakes = this.#liveEditing;
      const answer = await this.#send(record, message);
      const newest = this.record();
      // It may have been forgotten, or moved to another channel, while Discord was asked.
      if (newest?.place.textChannelId !== record.place.textChannelId) return;
      const after = answered(newest, record.version, answer, Date.now(), newNonce);
      // Nobody knows which of two edits at once Discord took last: this one is made again.
      const shown = overtakes ? -1 : after.shown;
      const next = { ...after, shown, shownAs: answer.kind === 'ok' ? fingerprint(message) : undefined };
      this.#put(next);
      if (next.problem !== undefined) console.error(`panel: ${next.problem} in channel ${next.place.textChannelId}`);
      if (isDue(next)) await this.ctx.storage.setAlarm(next.notBefore);
    } finally {
      this.#working = false;
    }
    this.#planLive();
  }

  /** Sees to it that live facts are edited in when it is time, if they show anything new. */
  #planLive(): void {
    clearTimeout(this.#liveTimer);
    const record = this.record();
    if (!record || this.#liveEditing) return;
    const wanted = fingerprint(renderPanel(record.wanted, this.#live, this.#progress));
    const at = liveDueAt(record, this.#liveNotBefore, wanted);
    if (at === undefined) return;
    this.#liveTimer = setTimeout(() => this.ctx.waitUntil(this.#editLive()), Math.max(0, at - Date.now()));
  }

  async #editLive(): Promise<void> {
    const record = this.record();
    if (!record) return;
    const message = renderPanel(record.wanted, this.#live, this.#progress);
    const shownAs = fingerprint(message);
    if (this.#liveEditing || liveDueAt(record, this.#liveNotBefore, shownAs) === undefined) return;
    this.#liveEditing = true;
    this.#liveNotBefore = Date.now() + LIVE_SPACING_MS;
    try {
      const answer = await this.#send(record, message);
      const newest = this.record();
      if (answer.kind === 'later') {
        this.#liveNotBefore = Math.max(this.#liveNotBefore, Date.now() + answer.afterMs);
      }
      // A state that came meanwhile has seen, or will see, to the message.
      if (newest?.version !== record.version) return;
      const next = answer.kind === 'refused' ? answered(newest, record.version, answer, Date.now(), newNonce) : newest;
      this.#put({ ...next, shownAs: answer.kind === 'ok' ? shownAs : undefined });
      if (isDue(next)) await this.ctx.storage.setAlarm(next.notBefore);
    } finally {
      this.#liveEditing = false;
      this.#planLive();
    }
  }

  #send({ place, messageId, nonce }: PanelRecord, message: PanelMessage): Promise<DiscordAnswer> {
    const settings = settingsOf(this.env);
    const path = `/channels/${place.textChannelId}/messages`;
    if (messageId !== undefined) {
      return callDiscord(settings, { method: 'PATCH', path: `${path}/${messageId}`, body: message });
    }
    // A post whose answer got lost is repeated: the nonce makes Discord give the same message back.
    // Nobody is to be notified of a panel; that can be said only when it is posted.
    const flags = message.flags | MessageFlags.SuppressNotifications;
    return callDiscord(settings, { method: 'POST', path, body: { ...message, flags, nonce, enforce_nonce: true } });
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

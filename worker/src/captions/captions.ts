import { DurableObject } from 'cloudflare:workers';
import { MessageFlags } from 'discord-api-types/v10';
import { callDiscord, type DiscordAnswer } from '../discord/rest.ts';
import { type Env, settingsOf } from '../env.ts';
import type { CaptionLine, CaptionPlace, Transcript } from './place.ts';
import {
  answered,
  begun,
  type CaptionMessage,
  type CaptionStep,
  type CaptionsRecord,
  emptyRecord,
  nextStep,
  said,
  transcribed,
} from './plan.ts';
import { renderCaptions } from './render.ts';
import { captionTexts } from './texts.ts';

const newNonce = () => crypto.randomUUID().replaceAll('-', '').slice(0, 25);
/** A thread without a word is archived after a day. Minutes. */
const ARCHIVE_AFTER = 1_440;

/**
 * The captions of one voice channel in Discord: what is said is added to the newest message until it is full. What comes faster
 * than edits are allowed goes along with the next one; nothing is lost while Discord cannot be reached. Named `guild:channel`.
 */
export class Captions extends DurableObject<Env> {
  #working = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec(
      'CREATE TABLE IF NOT EXISTS captions(id INTEGER PRIMARY KEY CHECK(id = 1), body TEXT NOT NULL)',
    );
  }

  /** A session is captioned from now on: its people are told. */
  async begin(place: CaptionPlace, sessionId: string): Promise<void> {
    await this.#change((record) => begun(record, { place, sessionId }, Date.now(), newNonce));
  }

  /** Parts of what was said. Each counts once. */
  async say(parts: { place: CaptionPlace; line: CaptionLine }[]): Promise<void> {
    await this.#change((record) => parts.reduce((next, part) => said(next, part, Date.now(), newNonce), record));
  }

  /** The transcript of a session can be had. Told once. */
  async transcript(place: CaptionPlace, transcript: Transcript): Promise<void> {
    await this.#change((record) => transcribed(record, { place, transcript }, Date.now(), newNonce));
  }

  /** Why nothing can be posted, if so. */
  problem(): string | undefined {
    return this.record().problem;
  }

  /** What is stored. */
  record(): CaptionsRecord {
    const [row] = this.ctx.storage.sql.exec<{ body: string }>('SELECT body FROM captions').toArray();
    return row ? (JSON.parse(row.body) as CaptionsRecord) : emptyRecord;
  }

  override async alarm(): Promise<void> {
    await this.#work();
  }

  async #change(change: (record: CaptionsRecord) => CaptionsRecord): Promise<void> {
    const record = change(this.record());
    this.#put(record);
    if (!nextStep(record)) return;
    await this.ctx.storage.setAlarm(Math.max(Date.now(), record.notBefore));
    if (Date.now() >= record.notBefore) this.ctx.waitUntil(this.#work());
  }

  /** Asks one thing of Discord; the alarm sees to the next. */
  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    try {
      const record = this.record();
      const step = nextStep(record);
      const message = step && record.messages[step.index];
      if (!step || !message || Date.now() < record.notBefore) return;
      const answer = await this.#ask(step, message);
      const { nonce, version } = message;
      // Read again: more may have been said meanwhile.
      this.#put(answered(this.record(), { step, nonce, version }, answer, Date.now(), newNonce));
      if (answer.kind === 'refused') {
        console.error(`captions: Discord refused in channel ${step.channelId} with ${answer.status} ${answer.code}`);
      }
    } finally {
      this.#working = false;
    }
    const next = this.record();
    if (nextStep(next)) await this.ctx.storage.setAlarm(Math.max(Date.now(), next.notBefore));
  }

  #ask(step: CaptionStep, message: CaptionMessage): Promise<DiscordAnswer> {
    const settings = settingsOf(this.env);
    const path = `/channels/${step.channelId}/messages`;
    if (step.kind === 'thread') {
      const name = captionTexts[message.locale].thread(step.name).slice(0, 100);
      const body = { name, auto_archive_duration: ARCHIVE_AFTER };
      return callDiscord(settings, { method: 'POST', path: `${path}/${step.messageId}/threads`, body });
    }
    const body = renderCaptions(message);
    if (step.kind === 'edit')
      return callDiscord(settings, { method: 'PATCH', path: `${path}/${message.messageId}`, body });
    // A post whose answer got lost is repeated: the nonce makes Discord give the same message back. Nobody is notified of words.
    const flags = MessageFlags.SuppressNotifications | MessageFlags.SuppressEmbeds;
    const { nonce } = message;
    return callDiscord(settings, { method: 'POST', path, body: { ...body, flags, nonce, enforce_nonce: true } });
  }

  #put(record: CaptionsRecord): void {
    this.ctx.storage.sql.exec('INSERT OR REPLACE INTO captions(id, body) VALUES (1, ?)', JSON.stringify(record));
  }
}

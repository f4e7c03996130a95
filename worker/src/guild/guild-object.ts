/** What a guild's object is made of, and what wakes it. */
import { DurableObject } from 'cloudflare:workers';
import { ulid } from 'ulid';
import { Deadlines } from '../alarms/deadlines.ts';
import { canSeal, type Env, settingsOf } from '../env.ts';
import { OUTBOX_DEADLINE, Outbox } from '../outbox/outbox.ts';
import { BREAKER_DEADLINE, GuildBook } from './book.ts';
import { deliver, type GuildEffect } from './effects.ts';
import { HubShards } from './hub-lane.ts';
import { MAIL_DEADLINE, sendMail } from './mails.ts';
import { rolesAsked } from './record.ts';
import { GuildStore } from './store.ts';
import { Viewers } from './viewers.ts';

/** Its rows, its deadlines, what it owes others. */
export abstract class GuildObject extends DurableObject<Env> {
  protected readonly store: GuildStore;
  readonly #deadlines: Deadlines;
  readonly #outbox: Outbox<GuildEffect>;
  protected readonly book: GuildBook;
  protected readonly shards: HubShards;
  protected readonly viewers: Viewers;
  /**
   * One change and what is owed for it, stored together. No method: those of an object's class can be called by others.
   */
  protected readonly transaction = <T>(work: () => T): T => {
    const result = this.ctx.storage.transactionSync(work);
    void this.#deadlines.arm();
    this.#outbox.kick();
    return result;
  };

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.store = new GuildStore(ctx.storage.sql);
    this.#deadlines = new Deadlines(ctx.storage);
    this.#outbox = new Outbox(ctx.storage, this.#deadlines, (lane, effects) => {
      return lane.startsWith('record:')
        ? this.#askRoles(lane.slice('record:'.length))
        : deliver(env, this.book, lane, effects);
    });
    this.book = new GuildBook(
      this.store,
      this.#deadlines,
      () => {
        const settings = settingsOf(env);
        const { COOLDOWN_MS, FAILURE_REST_MS, BREAKER_FAILURES, BREAKER_WINDOW_MS, BREAKER_PAUSE_MS } = settings;
        const { RECORD_LIMIT_SECONDS: recordLimitSeconds, VIEWER_CHECK_MS: viewerCheckMs } = settings;
        const breaker = { failures: BREAKER_FAILURES, windowMs: BREAKER_WINDOW_MS, pauseMs: BREAKER_PAUSE_MS };
        const keep = { chunkDays: settings.CHUNK_RETENTION_DAYS, recordingDays: settings.RECORDING_RETENTION_DAYS };
        const rests = { cooldownMs: COOLDOWN_MS, faultMs: FAILURE_REST_MS, breaker };
        return { ...rests, sealing: canSeal(settings), recordLimitSeconds, viewerCheckMs, keep };
      },
      (lane, effect) => this.#outbox.add(lane, effect),
    );
    this.shards = new HubShards(this.book, env);
    this.viewers = new Viewers(
      this.book,
      () => settingsOf(env),
      (work) => this.transaction(work),
    );
    if (ctx.id.name && !this.store.meta('guildId')) this.store.setMeta('guildId', ctx.id.name);
    if (!this.store.meta('epoch')) this.store.setMeta('epoch', ulid());
  }

  override async alarm(): Promise<void> {
    const due = this.#deadlines.take(Date.now());
    this.transaction(() => {
      for (const name of due) if (/^(rest|record):/.test(name)) this.book.reconsider(name.slice(name.indexOf(':') + 1));
      if (due.includes(BREAKER_DEADLINE)) this.book.reconsiderAll();
    });
    if (due.includes(OUTBOX_DEADLINE)) this.#outbox.kick();
    for (const name of due) {
      if (name.startsWith(MAIL_DEADLINE)) await sendMail(this.book, this.env, name.slice(MAIL_DEADLINE.length));
    }
    await this.#deadlines.arm();
  }

  /** A rule of recording looks for a role: those that are not known are asked for, then the channel is looked at again. */
  async #askRoles(channelId: string): Promise<void> {
    const { VIEWER_CHECK_MS } = settingsOf(this.env);
    const people = this.store.people(channelId);
    const answers = await Promise.all(people.map((userId) => this.viewers.of(userId, VIEWER_CHECK_MS)));
    const allKnown = answers.every(({ kind }) => kind !== 'unknown');
    this.transaction(() => rolesAsked(this.book, channelId, allKnown));
  }
}

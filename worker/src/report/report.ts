import { DurableObject } from 'cloudflare:workers';
import { PatchbayError } from '@patchbay/shared/errors';
import { reportPrefix } from '@patchbay/shared/object-keys';
import { Deadlines } from '../alarms/deadlines.ts';
import { openDb } from '../db/db.ts';
import { auditReport, eraseReport, projectReport } from '../db/reports.ts';
import { editOriginal } from '../discord/webhook.ts';
import { type Env, sessionOf, settingsOf } from '../env.ts';
import { OUTBOX_DEADLINE, Outbox } from '../outbox/outbox.ts';
import { bucketOf } from '../storage/bucket.ts';
import {
  deleteAgainMs,
  foldersOf,
  LINK_SECONDS,
  type LinksAnswer,
  openedRecord,
  type ReplyHandle,
  type ReportedCall,
  type ReportRecord,
  type SealOutcome,
  settledRecord,
  withoutReply,
} from './record.ts';
import { ReportStore } from './store.ts';
import { outcomeWords } from './words.ts';

/** What a report owes to others; each is idempotent. */
type ReportEffect = { kind: 'seal' } | { kind: 'project' } | { kind: 'tell' };

/** So long after it the reporter's answer is not edited any more: Discord would not take it. Milliseconds. */
const REPLY_MS = 14 * 60_000;

/** One report of a call: has the last ten seconds sealed, tells the reporter, hands out links, and deletes it all in time. */
export class Report extends DurableObject<Env> {
  readonly #store: ReportStore;
  readonly #deadlines: Deadlines;
  readonly #outbox: Outbox<ReportEffect>;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new ReportStore(ctx.storage.sql);
    this.#deadlines = new Deadlines(ctx.storage);
    this.#outbox = new Outbox(ctx.storage, this.#deadlines, (_lane, effects) => this.#deliver(effects));
  }

  /** Keeps a report; with `sealing` the session is asked for its last ten seconds. Idempotent. */
  open(call: ReportedCall, { sealing, reply }: { sealing: boolean; reply?: ReplyHandle | undefined }): void {
    if (this.#store.record() || this.#store.isGone()) return;
    const { REPORT_RETENTION_DAYS, SEAL_TIMEOUT_MS } = settingsOf(this.env);
    const record = openedRecord(call, { sealing, reply, retentionDays: REPORT_RETENTION_DAYS });
    this.#deadlines.set('retention', record.expiresAt);
    if (record.reply) this.#deadlines.set('reply', call.at + REPLY_MS);
    if (sealing) {
      this.#deadlines.set('answer', Date.now() + SEAL_TIMEOUT_MS);
      this.#outbox.add('session', { kind: 'seal' });
    }
    this.#commit(record);
  }

  /** How the sealing came out. Idempotent; a late success mends a failure. */
  settle(outcome: SealOutcome): void {
    const record = this.#store.record();
    if (!record) {
      // A node that was away for longer than the retention: what it stored goes at once.
      if (this.#store.isGone() && outcome.kind === 'sealed') this.#deadlines.set('retention', Date.now());
      void this.#deadlines.arm();
      return;
    }
    const next = settledRecord(record, outcome, Date.now());
    if (next === record) return;
    this.#deadlines.clear('answer');
    if (next.reply) this.#outbox.add('reporter', { kind: 'tell' });
    this.#commit(next);
  }

  /** Links to a part of it for a reader; nobody gets one that is not in the audit. Whether they may is asked by the caller. */
  async links(readerId: string, { from, count }: { from: number; count: number }): Promise<LinksAnswer> {
    const record = this.#store.record();
    const settings = settingsOf(this.env);
    const bucket = bucketOf(settings);
    if (!record || Date.now() >= record.expiresAt) return { ok: false, code: 'gone' };
    const { sealing } = record;
    const told = withoutReply(record);
    if (sealing.state !== 'sealed') return { ok: true, record: told, links: [] };
    if (!bucket) return { ok: false, code: 'no_bucket' };
    const links = await Promise.all(
      sealing.objects.slice(from, from + count).map(async ({ key, userId }) => {
        const url = await bucket.presign(key, LINK_SECONDS);
        return { key, url, ...(userId === undefined ? {} : { userId }) };
      }),
    );
    const keys = links.map(({ key }) => key);
    const entry = { reportId: record.call.reportId, actorId: readerId, action: 'link' as const, keys, at: Date.now() };
    await auditReport(openDb(this.env, settings), entry);
    return { ok: true, record: told, links };
  }

  /** What is stored, without the means to answer the reporter. */
  record(): ReportRecord | undefined {
    const record = this.#store.record();
    return record && withoutReply(record);
  }

  override async alarm(): Promise<void> {
    const due = this.#deadlines.take(Date.now());
    if (due.includes(OUTBOX_DEADLINE)) this.#outbox.kick();
    if (due.includes('answer')) {
      const message = 'The voice node did not say in time that the ten seconds are stored.';
      this.settle({ kind: 'failed', code: 'no_answer', message });
    }
    const record = this.#store.record();
    if (record && due.includes('reply')) this.#store.put(withoutReply(record));
    if (due.includes('retention')) await this.tick(Date.now());
    await this.#deadlines.arm();
  }

  /** Deletes the report when its time is over at `now`: first the objects, then the rows. Comes again until that succeeded. */
  async tick(now: number): Promise<void> {
    const record = this.#store.record();
    if (record && now < record.expiresAt) return;
    const gone = this.#store.goneId();
    const reportId = record?.call.reportId ?? gone;
    if (reportId === undefined) return;
    const attempts = record?.attempts ?? 0;
    // Set first: a crash in the middle must not be the end of it.
    this.#deadlines.set('retention', Date.now() + deleteAgainMs(attempts));
    await this.#deadlines.arm();
    try {
      await this.#erase(reportId, record ? foldersOf(record) : [reportId]);
    } catch (error) {
      console.error(`report ${reportId}: cannot be deleted yet`, error);
      if (record) this.#store.put({ ...record, attempts: attempts + 1 });
      return;
    }
    this.#store.forget(reportId);
    this.#deadlines.clearAll();
    await this.#deadlines.arm();
  }

  async #erase(reportId: string, folders: readonly string[]): Promise<void> {
    const settings = settingsOf(this.env);
    const bucket = bucketOf(settings);
    if (folders.length > 0 && !bucket) {
      throw new PatchbayError(
        'no_bucket',
        'The S3_ settings of the Worker are gone: what was sealed cannot be deleted.',
      );
    }
    for (const folder of folders) await bucket?.deleteBelow(reportPrefix(folder));
    await eraseReport(openDb(this.env, settings), reportId, Date.now());
  }

  #commit(record: ReportRecord): void {
    this.#store.put(record);
    this.#outbox.add('db', { kind: 'project' });
    void this.#deadlines.arm();
    this.#outbox.kick();
  }

  async #deliver(effects: ReportEffect[]): Promise<void> {
    for (const { kind } of effects) {
      const record = this.#store.record();
      if (!record) return;
      const { reportId, sessionId, guildId, userId, at } = record.call;
      if (kind === 'seal') await sessionOf(this.env, sessionId).seal({ reportId, guildId, userId, at });
      if (kind === 'project') await projectReport(openDb(this.env, settingsOf(this.env)), record);
      if (kind === 'tell') await this.#tell(record);
    }
  }

  /** Edits the answer that the reporter reads. */
  async #tell(record: ReportRecord): Promise<void> {
    const { call, reply } = record;
    if (!reply || Date.now() - call.at > REPLY_MS) return;
    const { DISCORD_API_URL, DISCORD_APPLICATION_ID } = settingsOf(this.env);
    await editOriginal(DISCORD_API_URL, DISCORD_APPLICATION_ID, reply.token, outcomeWords(reply.language, record));
  }
}

/**
 * Why people left voice, as far as it can be told. `voice.left` has gone out already, with what was known at once; here wait the
 * answers that only the audit log or time can give, and each goes out as `voice.cause`. Nothing is held back or suppressed.
 */
import type { NodeEventDraft, NodeEventOf } from '@patchbay/shared/events';
import { AuditLogEvent } from 'discord-api-types/v10';
import type { Scheduler } from '../ops/scheduler.ts';
import { AuditCounts, type AuditEntry } from './audit-evidence.ts';

type Cause = NodeEventOf<'voice.left'>['cause'];

/** Who comes back to the channel within this time had a bad connection, most likely. */
export const REJOIN_GRACE_MS = 10_000;
/** A new entry of the audit log and the voice state that it is about come on their own ways, but not further apart than this. */
const NEW_ENTRY_MS = 1_500;
/** When a count grew is not told: it was since the leave that made us look. */
const GROWN_ENTRY_MS = 5_000;
/** The audit log is read so long after a leave that may hide in a count, once for all leaves meanwhile. */
const LOOK_AFTER_MS = 1_000;

/** A leave or a move whose cause is not known for sure. */
interface Open {
  guildId: string;
  userId: string;
  previousChannelId: string;
  /** Where they were moved; null = they left. */
  channelId: string | null;
  since: number;
  sessionId: string | undefined;
  close: () => void;
}

/** A moderator did this, and nobody is known yet whom it was done to. */
interface Evidence {
  entry: AuditEntry;
  left: number;
  at: number;
}

interface GuildTrail {
  counts: AuditCounts;
  evidence: Evidence[];
  looking: boolean;
}

export interface DropOutsOptions {
  time: Scheduler;
  report: (drafts: NodeEventDraft[]) => void;
  /** Reads the newest entries of a guild's audit log; what it finds comes back by {@link DropOuts.audit}. */
  look: (guildId: string) => void;
}

export class DropOuts {
  readonly #options: DropOutsOptions;
  #open: Open[] = [];
  readonly #trails = new Map<string, GuildTrail>();
  /** Voice sessions of the people in voice, by guild and user: another one is another device or connection. */
  readonly #sessions = new Map<string, string>();

  constructor(options: DropOutsOptions) {
    this.#options = options;
  }

  /** Follows what is reported of a guild. `sessionId`: of the voice state that these events are about; `at` is set in each. */
  follow(drafts: readonly NodeEventDraft[], sessionId?: string): void {
    for (const draft of drafts) {
      const at = draft.at ?? this.#options.time.now();
      if (draft.type === 'voice.joined') {
        this.#rejoined(draft.guildId, draft.member, sessionId);
        this.#note(draft.guildId, draft.member.userId, sessionId);
      }
      if (draft.type === 'voice.left') this.#leave(draft, at, sessionId);
      if (draft.type === 'voice.moved') this.#move(draft, at, sessionId);
      if (draft.type === 'channel.deleted') this.#channelDeleted(draft.guildId, draft.channelId);
    }
  }

  /** An entry of a guild's audit log, new or read again. */
  audit(guildId: string, entry: AuditEntry): void {
    const { time } = this.#options;
    const trail = this.#trailOf(guildId);
    const left = trail.counts.news(entry, time.now());
    if (left === 0) return;
    trail.evidence = trail.evidence.filter(({ at }) => time.now() - at <= GROWN_ENTRY_MS);
    trail.evidence.push({ entry, left, at: time.now() });
    this.#weigh(guildId);
  }

  /** The identities left the guild. */
  forget(guildId: string): void {
    this.#drop((open) => open.guildId === guildId);
    this.#trails.delete(guildId);
    for (const each of this.#sessions.keys()) if (each.startsWith(`${guildId}:`)) this.#sessions.delete(each);
  }

  /** The look at the audit log is over, with or without news. */
  looked(guildId: string): void {
    this.#trailOf(guildId).looking = false;
  }

  #leave(draft: Extract<NodeEventDraft, { type: 'voice.left' }>, at: number, sessionId: string | undefined): void {
    const { guildId, userId, previousChannelId, cause } = draft;
    const known = sessionId ?? this.#sessions.get(key(guildId, userId));
    this.#sessions.delete(key(guildId, userId));
    this.#drop((open) => open.guildId === guildId && open.userId === userId);
    if (cause.certainty === 1) return;
    this.#wait({ guildId, userId, previousChannelId, channelId: null, since: at, sessionId: known });
  }

  #move(draft: Extract<NodeEventDraft, { type: 'voice.moved' }>, at: number, sessionId: string | undefined): void {
    const { guildId, previousChannelId, member } = draft;
    const { userId, channelId } = member;
    const before = this.#sessions.get(key(guildId, userId));
    this.#note(guildId, userId, sessionId);
    this.#drop((open) => open.guildId === guildId && open.userId === userId);
    const move = { guildId, userId, previousChannelId, channelId, since: at, sessionId };
    if (before !== undefined && sessionId !== undefined && before !== sessionId) {
      this.#tell(move, { kind: 'session_replaced', certainty: 0.9 });
    } else this.#wait(move);
  }

  #wait(open: Omit<Open, 'close'>): void {
    const { guildId } = open;
    const close = this.#options.time.after(REJOIN_GRACE_MS, () => this.#expire(entry));
    const entry: Open = { ...open, close };
    this.#open.push(entry);
    this.#weigh(guildId);
    if (!this.#open.includes(entry)) return;
    const trail = this.#trailOf(guildId);
    const action = open.channelId === null ? AuditLogEvent.MemberDisconnect : AuditLogEvent.MemberMove;
    if (trail.looking || !trail.counts.mayGrow(action, this.#options.time.now())) return;
    trail.looking = true;
    this.#options.time.after(LOOK_AFTER_MS, () => this.#options.look(guildId));
  }

  /** Nothing more was heard: they left by themselves, or their connection broke and they gave up. A move needs no cause. */
  #expire(open: Open): void {
    const audited = this.#trails.get(open.guildId)?.counts.mayGrow(AuditLogEvent.MemberDisconnect, open.since) ?? false;
    if (open.channelId === null) this.#settle(open, { kind: 'left', certainty: audited ? 0.7 : 0.5 });
    else this.#drop((other) => other === open);
  }

  #rejoined(guildId: string, member: { userId: string; channelId: string }, sessionId: string | undefined): void {
    for (const open of this.#open.filter(({ userId, channelId }) => userId === member.userId && channelId === null)) {
      const told = open.sessionId !== undefined && sessionId !== undefined;
      const sameSession = told && open.sessionId === sessionId;
      const same = open.guildId === guildId && open.previousChannelId === member.channelId;
      // The same session: the same window, so a click rather than a lost connection.
      if (same) this.#settle(open, { kind: 'network', certainty: sameSession ? 0.5 : 0.8 });
      else if (sameSession) this.#settle(open, { kind: 'left', certainty: 0.9 });
      else this.#settle(open, { kind: 'session_replaced', certainty: told ? 0.9 : 0.6 });
    }
  }

  #channelDeleted(guildId: string, channelId: string): void {
    for (const open of this.#open.filter((each) => each.guildId === guildId && each.previousChannelId === channelId)) {
      this.#settle(open, { kind: 'channel_deleted', certainty: 1 });
    }
  }

  /** Lays evidence and open leaves side by side. Where there are more leaves than the entry counts, nobody knows which. */
  #weigh(guildId: string): void {
    const trail = this.#trailOf(guildId);
    for (const evidence of trail.evidence) {
      const { entry, at } = evidence;
      const fitting = this.#open.filter((open) => open.guildId === guildId && fits(entry, open, at));
      if (fitting.length === 0) continue;
      // Without a name it stays a conclusion from times, whatever the number.
      const share = entry.targetId === null ? Math.min(1, evidence.left / fitting.length) * 0.95 : 1;
      evidence.left -= Math.min(evidence.left, fitting.length);
      if (share < 0.5) continue;
      const certainty = Math.round(share * 100) / 100;
      for (const open of fitting) this.#settle(open, { kind: 'moderator', certainty });
    }
    trail.evidence = trail.evidence.filter(({ left }) => left > 0);
  }

  #settle(open: Open, cause: Cause): void {
    this.#drop((other) => other === open);
    this.#tell(open, cause);
  }

  #tell(open: Omit<Open, 'close' | 'sessionId'>, cause: Cause): void {
    const { guildId, userId, previousChannelId, channelId, since } = open;
    this.#options.report([{ type: 'voice.cause', guildId, userId, previousChannelId, channelId, since, cause }]);
  }

  #drop(which: (open: Open) => boolean): void {
    for (const open of this.#open.filter(which)) open.close();
    this.#open = this.#open.filter((open) => !which(open));
  }

  #note(guildId: string, userId: string, sessionId: string | undefined): void {
    if (sessionId !== undefined) this.#sessions.set(key(guildId, userId), sessionId);
  }

  #trailOf(guildId: string): GuildTrail {
    let trail = this.#trails.get(guildId);
    if (!trail) {
      trail = { counts: new AuditCounts(), evidence: [], looking: false };
      this.#trails.set(guildId, trail);
    }
    return trail;
  }
}

const key = (guildId: string, userId: string) => `${guildId}:${userId}`;

function fits(entry: AuditEntry, open: Open, at: number): boolean {
  if (Math.abs(open.since - at) > (entry.count === 1 ? NEW_ENTRY_MS : GROWN_ENTRY_MS)) return false;
  if (entry.targetId !== null) return open.channelId === null && entry.targetId === open.userId;
  if (entry.action === AuditLogEvent.MemberDisconnect) return open.channelId === null;
  return open.channelId !== null && open.channelId === entry.channelId;
}

import { matchmakerOf } from '../env.ts';
import { type CaptionsReport, type CaptionsRequest, captions, showCaptions } from './captions/commands.ts';
import { type TranscriptAnswer, transcriptFor } from './captions/readers.ts';
import { evict, joinQueue, leave, next, stop } from './commands.ts';
import { type DeskAction, desk } from './desk.ts';
import { GuildObject } from './guild-object.ts';
import { allowMonitors, monitor, stopMonitor } from './monitors.ts';
import { privacyStatus, setOptOut } from './opt-outs.ts';
import { type RecordRequest, startRecording, stopRecording } from './record.ts';
import { noteRecording } from './record-notes.ts';
import { type RecordRuleChange, setRecordRule } from './record-setup.ts';
import { type RecordStatus, recordStatus } from './record-status.ts';
import { accept, type Reply } from './replies.ts';
import { type ReportRequest, report } from './reports.ts';
import type { SettingsPatch } from './settings.ts';
import { DEFAULTS } from './settings-store.ts';
import { block, change, configure, reset, setSealing, unblock } from './setup.ts';
import { type ChannelStatus, type Known, known, type SetupReport, show, status } from './status.ts';

/** Used interactions are remembered longer than their signature is accepted. Milliseconds. */
const INTERACTION_KEPT_MS = 3_600_000;
/** Roles that are known for so long are good enough to hand out links by. Milliseconds. */
const ROLES_MS = 60_000;

const actions = { next, leave, stop, evict };
export type ChannelAction = keyof typeof actions;

/** Where a person is, and which channel they speak of. */
export interface Located {
  own: string | null;
  target: { channelId: string; name: string } | null;
  /** The Discord role that the server named as its staff. */
  staffRole: string | null;
}

/** Each method is one transaction; the rules stand in the files beside it. */
export abstract class GuildCommands extends GuildObject {
  /** The channel that a command is about: the one it names, else the caller's own. */
  locate(userId: string, named?: string): Located {
    const own = this.book.channelOf(userId)?.channelId ?? null;
    const target = this.store.channel(named ?? own ?? '');
    const staffRole = this.book.settings.stored(DEFAULTS).staffRole ?? null;
    return { own, target: target ? { channelId: target.channelId, name: target.name } : null, staffRole };
  }

  /** `/record start`. */
  startRecording(request: RecordRequest): Reply {
    return this.transaction(() => startRecording(this.book, request));
  }

  /** `/record stop`. */
  stopRecording(channelId: string): Reply {
    return this.transaction(() => stopRecording(this.book, channelId));
  }

  /** `/record note`: a mark in the running recording of a channel. */
  noteRecording(channelId: string, userId: string, text: string): Promise<Reply> {
    return noteRecording(this.book, this.env, { channelId, userId, text });
  }

  /** `/record status`. */
  recordStatus(channelId: string): RecordStatus {
    return recordStatus(this.book, channelId);
  }

  /** `/setup record`: one rule more (one with the same key takes its place), or one less. */
  setRecordRule(change: RecordRuleChange): Reply {
    return this.transaction(() => setRecordRule(this.book, change));
  }

  /** `/privacy optout` and `optin`: stored, and owed to the sessions that run, when this answers. */
  setOptOut(userId: string, out: boolean): Reply {
    return this.transaction(() => setOptOut(this.book, userId, out));
  }

  /** `/privacy status`. */
  privacyStatus(userId: string): Reply {
    return privacyStatus(this.book, userId);
  }

  /** `/call join`: queues the channel that the user is in. */
  async join(userId: string): Promise<Reply> {
    const waiting = this.transaction(() => joinQueue(this.book, userId));
    if ('code' in waiting) return waiting;
    const place = await matchmakerOf(this.env, waiting.pool).place(waiting.ticketId);
    // Without a place it is about to be matched, or the matchmaker has not heard of it yet.
    return place === null ? accept('waiting') : accept('queued', { place });
  }

  /** The session that a channel is in. */
  sessionOf(channelId: string): string | null {
    return this.store.channel(channelId)?.sessionId ?? null;
  }

  /** `/call next`, `leave`, `stop`, and `/leave`. */
  act(action: ChannelAction, channelId: string): Reply {
    return this.transaction(() => actions[action](this.book, channelId));
  }

  /** `/call report`. */
  report(request: ReportRequest): Reply {
    return this.transaction(() => report(this.book, request));
  }

  /** `/call status`; `null` for a channel that is not known. */
  status(channelId: string): Promise<ChannelStatus | null> {
    return status(this.book, this.env, channelId);
  }

  /** `/setup channel`. */
  configure(channelId: string, name: string, patch: SettingsPatch): Reply {
    return this.transaction(() => configure(this.book, channelId, name, patch));
  }

  /** `/setup after-end`, `limits`, `panel` and `relay`; without a channel the server's defaults. */
  change(channelId: string | null, patch: SettingsPatch): Reply {
    return this.transaction(() => change(this.book, channelId, patch));
  }

  /** `/setup block` and `unblock`. */
  setBlock(reference: string, blocked: boolean): Reply {
    return this.transaction(() => (blocked ? block : unblock)(this.book, reference));
  }

  /** `/setup reset`; without a channel everything. */
  reset(channelId: string | null): Reply {
    return this.transaction(() => reset(this.book, channelId));
  }

  /** `/setup show`. */
  show(): SetupReport {
    return show(this.book);
  }

  /** What autocomplete offers. */
  known(): Known {
    return known(this.book);
  }

  /** `/desk`: hold, resume, transfer, invite. */
  desk(userId: string, action: DeskAction, channelId?: string): Promise<Reply> {
    return desk(this.book, this.env, { userId, action, channelId });
  }

  /** `/monitor start`: the user's channel listens to a running call. */
  monitor(userId: string, channelId?: string): Promise<Reply> {
    return monitor(this.book, this.env, { userId, channelId });
  }

  /** `/monitor stop`. */
  stopMonitor(userId: string): Reply {
    return this.transaction(() => stopMonitor(this.book, userId));
  }

  /** `/monitors allow|deny`. */
  allowMonitors(allow: boolean): Reply {
    return this.transaction(() => allowMonitors(this.book, allow));
  }

  /** `/setup reports on|off`. */
  setSealing(on: boolean): Reply {
    return this.transaction(() => setSealing(this.book, on));
  }

  /** `/captions`: start, stop, languages and settings. */
  captions(request: CaptionsRequest): Reply {
    return this.transaction(() => captions(this.book, request));
  }

  /** `/captions status`. */
  showCaptions(userId: string, channelId: string | null): CaptionsReport {
    return showCaptions(this.book, userId, channelId);
  }

  /** A transcript, for somebody who may have it. */
  transcript(sessionId: string, userId: string): Promise<TranscriptAnswer> {
    return transcriptFor(this.book, sessionId, userId, () => this.viewers.of(userId, ROLES_MS));
  }

  /** Marks an interaction as used; `false` when it was used before. */
  useInteraction(id: string): boolean {
    const { sql } = this.store;
    const now = Date.now();
    sql.exec('DELETE FROM interactions WHERE at < ?', now - INTERACTION_KEPT_MS);
    return sql.exec('INSERT OR IGNORE INTO interactions(id, at) VALUES (?, ?)', id, now).rowsWritten > 0;
  }
}

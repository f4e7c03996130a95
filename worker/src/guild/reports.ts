import { ulid } from 'ulid';
import type { GuildBook } from './book.ts';
import type { Partner } from './calls.ts';
import { accept, type Reply, refuse } from './replies.ts';

/** A call that somebody reported. What was said is not part of it. */
export interface Report {
  reportId: string;
  sessionId: string;
  guildId: string;
  channelId: string;
  userId: string;
  reason: string;
  /** The servers that were on the other sides. */
  partners: Partner[];
  at: number;
}

/** A call may be reported for so long after its beginning was noted, also when it is over. Milliseconds. */
const REPORTABLE_MS = 24 * 3_600_000;

/** `/call report`: keeps a report of the call that the channel is in, or of its last one. */
export function report(book: GuildBook, request: { channelId: string; userId: string; reason: string }): Reply {
  const now = Date.now();
  const { channelId } = request;
  const call = book.calls
    .recent()
    .find((each) => each.channelId === channelId && each.connected && now - each.at < REPORTABLE_MS);
  if (!call) return refuse('not_reportable', { channel: channelId });
  const { sessionId, partners } = call;
  const reportId = ulid(now);
  book.owe('db', { kind: 'report', report: { reportId, sessionId, guildId: book.id, ...request, partners, at: now } });
  return accept('reported', { report: reportId });
}

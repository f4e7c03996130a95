import type { EndReason } from '@patchbay/shared/end-reason';
import type { Mode } from '@patchbay/shared/session-spec';
import type { TranscriptObject } from '../captions/place.ts';
import type { SessionNote } from '../session/notes.ts';
import type { RecordingReport } from '../session/record.ts';
import type { Keep, Side } from './record.ts';

/** What a server tells a recording of its side, in order; each may come twice. */
export type RecordingItem =
  /** A channel is recorded from now on (`endedAt: null`), or no longer. */
  | { kind: 'side'; sessionId: string; side: Side; keep: Keep }
  /** Who is in a recorded channel now, without bots and people who opted out. */
  | { kind: 'people'; guildId: string; channelId: string; at: number; here: { userId: string; name: string }[] }
  /** The transcript of a session in which people of this server were captioned. */
  | { kind: 'transcript'; guildId: string; at: number; objects: TranscriptObject[] }
  | { kind: 'event'; event: RecordingReport };

/** What a recording has to know of its session. */
export interface RecordedSession {
  sessionId: string;
  mode: Mode;
  timeZero: number | undefined;
  /** In the order in which they were set; none is ever taken back. */
  notes: readonly SessionNote[];
  /** `null`: it is not over. */
  ended: { at: number; reason: EndReason } | null;
}

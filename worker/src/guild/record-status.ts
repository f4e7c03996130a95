/** What a guild tells of the recording of a channel: plain data, put into words by `interactions/`. */
import type { GuildBook } from './book.ts';
import type { ChannelRecording } from './record-store.ts';

export interface RecordStatus {
  channelId: string;
  /** `null`: the channel is not recorded. Instants in milliseconds. */
  recording:
    | (Pick<ChannelRecording, 'lone' | 'by' | 'trigger' | 'started' | 'notices' | 'stopping'> & {
        /** When its time limit ends it; `null`: none. */
        endsAt: number | null;
      })
    | null;
  /** Rules do not start it before everybody has left once. */
  held: boolean;
}

/** `/record status`, and a line of `/call status`. */
export function recordStatus(book: GuildBook, channelId: string): RecordStatus {
  const found = book.records.of(channelId);
  const { held } = book.records.watch(channelId);
  if (!found) return { channelId, recording: null, held };
  const { lone, by, trigger, started, notices, stopping, limitSeconds, since, sessionId } = found;
  // The limit of a session counts from its own time zero.
  const view = lone ? book.views().find((each) => each.sessionId === sessionId) : undefined;
  const endsAt = limitSeconds > 0 ? (view?.endsAt ?? since + limitSeconds * 1000) : null;
  return { channelId, recording: { lone, by, trigger, started, notices, stopping, endsAt }, held };
}

/** What a guild hands to the captions of a channel in Discord. */
import type { NodeEventOf } from '@patchbay/shared/events';

/** Where captions go. */
export interface CaptionPlace {
  guildId: string;
  /** A text channel, or the voice channel itself: its own chat. */
  textChannelId: string;
  /** Each session has a thread of the text channel. */
  thread: boolean;
  locale: 'en' | 'it';
  channelName: string;
}

/** A part of what somebody said. */
export interface CaptionLine {
  sessionId: string;
  captionId: string;
  userId: string;
  /** Absent: not known (any more). */
  name?: string;
  /** The server of somebody of another side. */
  guildName?: string;
  text: string;
  /** ms from the session's time zero. */
  startMs: number;
}

export type TranscriptObject = NodeEventOf<'transcript.stored'>['objects'][number];
export type Transcript = Pick<NodeEventOf<'transcript.stored'>, 'sessionId' | 'objects' | 'live' | 'prerecorded'>;

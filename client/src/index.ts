export { type CaptionLine, CaptionList } from './captions.ts';
export { type RejoinErrorCode, VoiceEventsError, type VoiceEventsErrorCode } from './errors.ts';
export { type Departure, type MemberWatchOptions, watchMember } from './member-watch.ts';
export type { Presence } from './presence.ts';
export type {
  AnyVoiceEvent,
  Caption,
  CaptionState,
  ChannelState,
  LeaveCause,
  SessionStats,
  SessionView,
  VoiceChannel,
  VoiceEvent,
  VoiceEventName,
  VoiceEvents,
  VoiceMember,
} from './protocol.ts';
export type { RejoinAnswer } from './rejoin.ts';
export { type ConnectionState, type View, VoiceEventsClient, type VoiceEventsOptions } from './voice-events-client.ts';

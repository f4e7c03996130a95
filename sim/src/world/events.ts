import { EventEmitter } from 'node:events';
import type { AuditLogEntry } from './audit-log.ts';
import type { Channel, DirectChannel, Guild, Member, Message, Role, User, VoiceCause, VoiceState } from './model.ts';

export interface WorldEventMap {
  botAdded: [{ guild: Guild; userId: string }];
  memberAdded: [{ guild: Guild; member: Member }];
  memberUpdated: [{ guild: Guild; member: Member; previousNick: string | null }];
  memberRemoved: [{ guild: Guild; userId: string }];
  userUpdated: [{ user: User }];
  presenceUpdated: [{ user: User }];
  memberBanned: [{ guild: Guild; userId: string }];
  memberUnbanned: [{ guild: Guild; userId: string }];
  guildUpdated: [{ guild: Guild }];
  auditLogEntry: [{ guild: Guild; entry: AuditLogEntry }];
  roleCreated: [{ guild: Guild; role: Role }];
  roleUpdated: [{ guild: Guild; role: Role }];
  roleDeleted: [{ guild: Guild; role: Role }];
  channelCreated: [{ channel: Channel }];
  channelUpdated: [{ channel: Channel }];
  channelDeleted: [{ channel: Channel }];
  channelStatus: [{ channel: Channel }];
  threadCreated: [{ thread: Channel }];
  threadUpdated: [{ thread: Channel }];
  threadDeleted: [{ thread: Channel }];
  threadMembers: [{ thread: Channel; added: string[]; removed: string[] }];
  webhooksUpdated: [{ guildId: string; channelId: string }];
  directChannelOpened: [{ channel: DirectChannel }];
  /** `state.channelId` is null when the user left; `previous` is absent when they were nowhere. */
  voiceState: [{ state: VoiceState; previous: VoiceState | undefined; cause: VoiceCause }];
  messageCreated: [{ message: Message }];
  messageUpdated: [{ message: Message }];
  messageDeleted: [{ message: Message }];
  /** Several at once; no `messageDeleted` for each. */
  messagesDeleted: [{ channelId: string; messages: Message[] }];
  reactionAdded: [{ message: Message; userId: string; emoji: string }];
  reactionRemoved: [{ message: Message; userId: string; emoji: string }];
  /** All of a message, or all of one emoji. */
  reactionsCleared: [{ message: Message; emoji: string | undefined }];
  pinsUpdated: [{ channelId: string; lastPinAt: number | undefined }];
  typing: [{ channelId: string; userId: string }];
}

/** Emitted synchronously, after the change is in place. */
export class WorldEvents extends EventEmitter<WorldEventMap> {}

import { EventEmitter } from 'node:events';
import type { Channel, DirectChannel, Guild, Member, Message, Role, User, VoiceCause, VoiceState } from './model.ts';

export interface WorldEventMap {
  botAdded: [{ guild: Guild; userId: string }];
  memberAdded: [{ guild: Guild; member: Member }];
  memberUpdated: [{ guild: Guild; member: Member; previousNick: string | null }];
  memberRemoved: [{ guild: Guild; userId: string }];
  userUpdated: [{ user: User }];
  presenceUpdated: [{ user: User }];
  roleCreated: [{ guild: Guild; role: Role }];
  channelCreated: [{ channel: Channel }];
  channelDeleted: [{ channel: Channel }];
  directChannelOpened: [{ channel: DirectChannel }];
  /** `state.channelId` is null when the user left; `previous` is absent when they were nowhere. */
  voiceState: [{ state: VoiceState; previous: VoiceState | undefined; cause: VoiceCause }];
  messageCreated: [{ message: Message }];
  messageUpdated: [{ message: Message }];
  messageDeleted: [{ message: Message }];
}

/** Emitted synchronously, after the change is in place. */
export class WorldEvents extends EventEmitter<WorldEventMap> {}

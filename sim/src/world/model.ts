/** What the simulated Discord consists of. Plain data; `World` is the only writer. */
import type { KeyObject } from 'node:crypto';
import type { APIApplicationCommand } from 'discord-api-types/v10';
import type { Attachment } from './attachments.ts';
import type { Mentions } from './mentions.ts';

export interface User {
  id: string;
  username: string;
  bot: boolean;
  /** Takes no private messages of bots. */
  refusesDirectMessages: boolean;
  /** Language of the person's client, such as `it`. */
  locale: string;
}

export interface Presence {
  status: 'online' | 'idle' | 'dnd' | 'invisible' | 'offline';
  activities: Record<string, unknown>[];
}

export interface Application {
  id: string;
  name: string;
  description: string;
  botUserId: string;
  /** Without the `Bot ` prefix. */
  token: string;
  /** Ed25519, 32 bytes as hex, as the developer portal shows it. */
  publicKey: string;
  privateKey: KeyObject;
  interactionsUrl: string | undefined;
  /** For OAuth2. */
  clientSecret: string;
  /** Where OAuth2 may send people back to, compared as whole strings. */
  redirectUris: string[];
  /** May it ask for the privileged intents (members, presences, message content)? If not, IDENTIFY ends with 4014. */
  privilegedIntents: boolean;
  /** Registered commands; the key is a guild id or `global`. */
  commands: Map<string, APIApplicationCommand[]>;
  /** People who added the application to their own account; it follows them into every channel. */
  userInstalls: Set<string>;
}

export interface Role {
  id: string;
  name: string;
  permissions: bigint;
  position: number;
  /** Belongs to a bot; nobody can give, take or delete it. */
  managed: boolean;
  /** 0xRRGGBB; 0 is none. */
  color: number;
  /** Shown apart in the list of members. */
  hoist: boolean;
  mentionable: boolean;
}

export interface Overwrite {
  id: string;
  type: 'role' | 'member';
  allow: bigint;
  deny: bigint;
}

export type ChannelKind = 'text' | 'voice' | 'stage' | 'category' | 'thread';

export interface Channel {
  id: string;
  guildId: string;
  kind: ChannelKind;
  name: string;
  position: number;
  parentId: string | null;
  /** 0 = no limit. */
  userLimit: number;
  overwrites: Overwrite[];
  topic: string | null;
  nsfw: boolean;
  /** Slow mode, in seconds; 0 is off. */
  rateLimitPerUser: number;
  /** Of voice and stage channels, in bits per second. */
  bitrate: number;
  /** What is written above a voice channel. */
  status: string | null;
  /** Of threads alone; `parentId` is then the channel that the thread hangs on. */
  thread: ThreadState | undefined;
}

export interface ThreadState {
  ownerId: string;
  private: boolean;
  archived: boolean;
  locked: boolean;
  invitable: boolean;
  autoArchiveMinutes: number;
  /** When it was last archived or unarchived (or made), in ms. */
  archiveChangedAt: number;
  createdAt: number;
  /** User id to when they joined, in ms. */
  memberIds: Map<string, number>;
}

/** The private channel of a bot and a person. It belongs to no guild. */
export interface DirectChannel {
  id: string;
  kind: 'dm';
  botUserId: string;
  /** The person. */
  userId: string;
}

export interface Member {
  userId: string;
  nick: string | null;
  roleIds: string[];
  joinedAt: number;
  mute: boolean;
  deaf: boolean;
  /** The end of a time-out, in ms; while it lasts, a member only sees and reads. */
  timedOutUntil: number | undefined;
}

export interface Guild {
  id: string;
  name: string;
  ownerId: string;
  createdAt: number;
  /** By id; the one with the guild's own id is @everyone. */
  roles: Map<string, Role>;
  /** Without threads. */
  channels: Map<string, Channel>;
  /** By id, archived ones included. */
  threads: Map<string, Channel>;
  members: Map<string, Member>;
  /** By user id; only of those who are in a channel. */
  voiceStates: Map<string, VoiceState>;
  /** User id to the reason. */
  bans: Map<string, string | null>;
}

export interface VoiceState {
  guildId: string;
  userId: string;
  /** `null` in the last state of somebody who left. */
  channelId: string | null;
  sessionId: string;
  selfMute: boolean;
  selfDeaf: boolean;
  selfVideo: boolean;
  selfStream: boolean;
  /** In the audience of a stage channel: may not speak. */
  suppress: boolean;
  /** When they asked to speak on the stage, in ms. */
  requestedToSpeakAt: number | null;
}

/** Who changed a voice state: the user's own client, or somebody else (moved, disconnected), or it went with its channel. */
export type VoiceCause = 'self' | 'other' | 'channel_deleted';

/** The interaction that a message answers (`interaction_metadata` of the message). */
export interface MessageInteraction {
  id: string;
  userId: string;
  applicationId: string;
  /** Discord's interaction type: 2 command, 3 component, 5 modal. */
  type: number;
  /** Of commands: 1 chat input, 2 user, 3 message. */
  commandType?: number | undefined;
  commandName?: string | undefined;
  /** Of components and modals from a message: that message. */
  interactedMessageId?: string | undefined;
}

export interface Message {
  id: string;
  channelId: string;
  /** Undefined in a direct channel. */
  guildId: string | undefined;
  authorId: string;
  content: string;
  embeds: unknown[];
  components: unknown[];
  attachments: Attachment[];
  mentions: Mentions;
  /** When it was pinned, in ms. */
  pinnedAt: number | undefined;
  /** Emoji (as in a path: `👍`, `name:id`) to the ids of who reacted, in order. */
  reactions: Map<string, Set<string>>;
  tts: boolean;
  /** Set when a webhook wrote it: then `authorId` is the webhook's id and no user. */
  webhook: { id: string; username: string; avatarUrl: string | null; applicationId: string | null } | undefined;
  flags: number;
  createdAt: number;
  editedAt: number | undefined;
  replyTo: string | undefined;
  nonce: string | number | undefined;
  /** Only the user with this id sees it (ephemeral interaction answers). */
  visibleTo: string | undefined;
  interaction: MessageInteraction | undefined;
}

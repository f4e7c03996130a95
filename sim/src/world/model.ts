/** What the simulated Discord consists of. Plain data; `World` is the only writer. */
import type { KeyObject } from 'node:crypto';
import type { APIApplicationCommand } from 'discord-api-types/v10';

export interface User {
  id: string;
  username: string;
  bot: boolean;
  /** Takes no private messages of bots. */
  refusesDirectMessages: boolean;
}

export interface Application {
  id: string;
  name: string;
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
}

export interface Role {
  id: string;
  name: string;
  permissions: bigint;
  position: number;
  managed: boolean;
}

export interface Overwrite {
  id: string;
  type: 'role' | 'member';
  allow: bigint;
  deny: bigint;
}

export type ChannelKind = 'text' | 'voice' | 'category';

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
}

export interface Guild {
  id: string;
  name: string;
  ownerId: string;
  createdAt: number;
  /** By id; the one with the guild's own id is @everyone. */
  roles: Map<string, Role>;
  channels: Map<string, Channel>;
  members: Map<string, Member>;
  /** By user id; only of those who are in a channel. */
  voiceStates: Map<string, VoiceState>;
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
}

/** Who changed a voice state: the user's own client, or somebody else (moved, disconnected, channel deleted). */
export type VoiceCause = 'self' | 'other';

export interface Message {
  id: string;
  channelId: string;
  /** Undefined in a direct channel. */
  guildId: string | undefined;
  authorId: string;
  content: string;
  embeds: unknown[];
  components: unknown[];
  attachments: unknown[];
  flags: number;
  createdAt: number;
  editedAt: number | undefined;
  replyTo: string | undefined;
  nonce: string | number | undefined;
  /** Only the user with this id sees it (ephemeral interaction answers). */
  visibleTo: string | undefined;
  interaction: { id: string; userId: string; applicationId: string } | undefined;
}

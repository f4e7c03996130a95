/** Operations for whoever shows the simulated world: all of it at once. */
import { z } from 'zod';

const id = z.string().regex(/^\d+$/, 'is no id; ids are strings of digits');

const voiceState = z.object({
  userId: id,
  channelId: id,
  selfMute: z.boolean(),
  selfDeaf: z.boolean(),
  selfVideo: z.boolean(),
  selfStream: z.boolean(),
});
export type SnapshotVoiceState = z.infer<typeof voiceState>;

const channel = z.object({
  id,
  name: z.string(),
  kind: z.string(),
  position: z.number(),
  parentId: id.nullable(),
  /** 0 = no limit. */
  userLimit: z.number(),
  /** May the person for whom the snapshot was made see it? */
  visible: z.boolean(),
});
export type SnapshotChannel = z.infer<typeof channel>;

const role = z.object({
  id,
  name: z.string(),
  /** RGB; 0 = none. */
  color: z.number(),
  position: z.number(),
  managed: z.boolean(),
  permissions: z.string(),
});
export type SnapshotRole = z.infer<typeof role>;

const member = z.object({
  userId: id,
  nick: z.string().nullable(),
  roleIds: z.array(id),
  /** Muted and deafened by a moderator. */
  mute: z.boolean(),
  deaf: z.boolean(),
});
export type SnapshotMember = z.infer<typeof member>;

const guild = z.object({
  id,
  name: z.string(),
  ownerId: id,
  roles: z.array(role),
  channels: z.array(channel),
  members: z.array(member),
  voiceStates: z.array(voiceState),
});
export type SnapshotGuild = z.infer<typeof guild>;

const command = z.looseObject({
  id,
  /** Null for commands of all guilds. */
  guildId: id.nullable(),
  name: z.string(),
  type: z.number(),
  description: z.string(),
  /** As the application registered them. */
  options: z.array(z.unknown()),
});
export type SnapshotCommand = z.infer<typeof command>;

const application = z.object({
  id,
  name: z.string(),
  botUserId: id,
  interactionsUrl: z.string().nullable(),
  /** Has the bot a gateway session with an open socket? */
  online: z.boolean(),
  commands: z.array(command),
});
export type SnapshotApplication = z.infer<typeof application>;

const snapshot = z.object({
  /** Everything up to this event is in the snapshot. */
  lastEventId: z.number().int(),
  users: z.array(z.object({ id, name: z.string(), bot: z.boolean() })),
  applications: z.array(application),
  guilds: z.array(guild),
  directChannels: z.array(z.object({ id, botUserId: id, userId: id })),
  /** Users whose last op 5 said that they speak. */
  speaking: z.array(id),
});
export type Snapshot = z.infer<typeof snapshot>;

export const pageOperations = {
  /** The whole world; with `userId`, `channel.visible` says what this person may see. */
  snapshot: { input: z.object({ userId: id.optional() }), output: snapshot },
} as const;

/** Fields of a message that only those need who show it. */
export const messageDetails = {
  attachments: z.array(z.unknown()),
  replyTo: id.nullable(),
  /** Set on answers to an interaction: who used what. */
  interaction: z
    .object({
      id,
      userId: id,
      applicationId: id,
      /** Discord's interaction type: 2 command, 3 component, 5 modal. */
      type: z.number().optional(),
      commandName: z.string().optional(),
    })
    .nullable(),
  /** Who reacted with what: a Unicode emoji, or `name:id`. */
  reactions: z.array(z.object({ emoji: z.string(), userIds: z.array(id) })),
} as const;

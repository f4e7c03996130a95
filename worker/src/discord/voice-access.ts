/** May a member get (back) into a voice channel? Discord's answers in, a verdict out. Pure. */
import { snowflake } from '@patchbay/shared/ids';
import { ChannelType, OverwriteType, PermissionFlagsBits } from 'discord-api-types/v10';
import { z } from 'zod';
import { effectivePermissions } from './permissions.ts';
import type { DiscordAnswer } from './rest.ts';

const { Administrator, Connect, MoveMembers, ViewChannel } = PermissionFlagsBits;
/** Discord's error codes. */
const UNKNOWN_GUILD = 10004;
const UNKNOWN_MEMBERS = [10007, 10013];
const MISSING_ACCESS = 50001;

const bits = z.string().regex(/^\d+$/);
const guildSchema = z.object({
  id: snowflake,
  owner_id: snowflake,
  roles: z.array(z.object({ id: snowflake, permissions: bits })),
});
const memberSchema = z.object({
  roles: z.array(snowflake),
  communication_disabled_until: z.string().nullish(),
});
const channelSchema = z.object({
  guild_id: snowflake.optional(),
  type: z.number(),
  user_limit: z.number().default(0),
  permission_overwrites: z
    .array(z.object({ id: snowflake, type: z.enum(OverwriteType), allow: bits, deny: bits }))
    .default([]),
});

export type AccessRefusal =
  | 'guild_unknown'
  | 'not_in_guild'
  | 'channel_gone'
  | 'no_permission'
  | 'channel_full'
  | 'discord_unavailable';

export interface AccessQuestion {
  guildId: string;
  userId: string;
  /** People and bots in the channel, without the one who asks. */
  others: number;
  now: number;
}

/** What Discord answered to the three questions. */
export interface AccessAnswers {
  guild: DiscordAnswer;
  member: DiscordAnswer;
  channel: DiscordAnswer;
}

/** `null`: they may. */
export function judgeAccess(question: AccessQuestion, answers: AccessAnswers): AccessRefusal | null {
  const { guild, member, channel } = answers;
  const refusal = refusalOf(guild, member, channel);
  if (refusal) return refusal;
  const known = read({ guild, member, channel });
  if (!known) return 'discord_unavailable';
  const { type, guild_id, user_limit, permission_overwrites } = known.channel;
  const isVoice = type === ChannelType.GuildVoice || type === ChannelType.GuildStageVoice;
  if (guild_id !== question.guildId || !isVoice) return 'channel_gone';
  const until = known.member.communication_disabled_until;
  const permissions = effectivePermissions(
    {
      guildId: known.guild.id,
      ownerId: known.guild.owner_id,
      roles: Object.fromEntries(known.guild.roles.map((role) => [role.id, role.permissions])),
    },
    { userId: question.userId, roles: known.member.roles, timedOutUntil: until ? Date.parse(until) : undefined },
    permission_overwrites.map(({ type: of, ...rest }) => ({
      ...rest,
      type: of === OverwriteType.Role ? 'role' : 'member',
    })),
    question.now,
  );
  if ((permissions & (ViewChannel | Connect)) !== (ViewChannel | Connect)) return 'no_permission';
  const passesFull = (permissions & (Administrator | MoveMembers)) !== 0n;
  return user_limit > 0 && question.others >= user_limit && !passesFull ? 'channel_full' : null;
}

/** What a refused or missing answer means. Who is not in the server learns nothing of its channels. */
function refusalOf(guild: DiscordAnswer, member: DiscordAnswer, channel: DiscordAnswer): AccessRefusal | null {
  const codes = [guild, member].map((answer) => (answer.kind === 'refused' ? answer.code : 0));
  if (codes.some((code) => code === UNKNOWN_GUILD || code === MISSING_ACCESS)) return 'guild_unknown';
  if (guild.kind !== 'ok') return 'discord_unavailable';
  if (member.kind === 'refused' && UNKNOWN_MEMBERS.includes(member.code)) return 'not_in_guild';
  if (member.kind !== 'ok') return 'discord_unavailable';
  if (channel.kind === 'ok') return null;
  if (channel.kind === 'refused' && channel.status === 404) return 'channel_gone';
  // The bot itself may not see it: nothing can be said about the person.
  if (channel.kind === 'refused' && channel.status === 403) return 'no_permission';
  return 'discord_unavailable';
}

function read({ guild, member, channel }: AccessAnswers) {
  const body = (answer: DiscordAnswer) => (answer.kind === 'ok' ? answer.body : undefined);
  const parsed = {
    guild: guildSchema.safeParse(body(guild)).data,
    member: memberSchema.safeParse(body(member)).data,
    channel: channelSchema.safeParse(body(channel)).data,
  };
  return parsed.guild && parsed.member && parsed.channel
    ? { guild: parsed.guild, member: parsed.member, channel: parsed.channel }
    : null;
}

import { AuditLogEvent, PermissionFlagsBits } from 'discord-api-types/v10';
import { z } from 'zod';
import type { Application, Guild, Member } from '../../world/model.ts';
import type { World } from '../../world/world.ts';
import { changesBetween, type Recorder } from '../audit.ts';
import { snowflake } from '../channel-body.ts';
import { needChannelPermission, needGuildPermission } from '../context.ts';
import { ApiError, formRefusal, missingPermissions, notInVoice } from '../errors.ts';
import { needAboveMember, needAboveRole } from './hierarchy.ts';

/** A time-out may last so long, in ms. */
const maxTimeOutMs = 28 * 24 * 3_600_000;

export const nickSchema = z.object({ nick: z.string().max(32).nullish() });
export const memberSchema = nickSchema.extend({
  channel_id: snowflake.nullish(),
  mute: z.boolean().nullish(),
  deaf: z.boolean().nullish(),
  roles: z.array(snowflake).nullish(),
  communication_disabled_until: z.iso
    .datetime({ offset: true, error: 'Value is not a valid ISO8601 timestamp.' })
    .nullish(),
});
type MemberBody = z.infer<typeof memberSchema>;

interface Actor {
  application: Application;
  guild: Guild;
  record: Recorder;
}

/** All is checked before anything changes. */
export function modifyMember(world: World, actor: Actor, member: Member, body: MemberBody): void {
  check(world, actor, member, body);
  const { guild, record, application } = actor;
  const { userId } = member;
  const before = fieldsOf(member);
  const oldRoles = member.roleIds;
  const change: Partial<Member> = {};
  if (body.nick !== undefined) change.nick = body.nick || null;
  if (body.roles)
    change.roleIds = [...new Set([...body.roles, ...oldRoles.filter((id) => guild.roles.get(id)?.managed)])];
  if (typeof body.mute === 'boolean') change.mute = body.mute;
  if (typeof body.deaf === 'boolean') change.deaf = body.deaf;
  const until = body.communication_disabled_until;
  if (until !== undefined) change.timedOutUntil = until === null ? undefined : Date.parse(until);
  if (Object.keys(change).length > 0) world.updateMember(guild.id, userId, change);

  if (body.channel_id !== undefined) {
    if (body.channel_id === null) world.voice.leave(guild.id, userId, 'other');
    else world.voice.enter(body.channel_id, userId, {}, 'other');
    world.auditLog.addVoiceMove(guild.id, application.botUserId, body.channel_id);
  } else if (change.mute !== undefined || change.deaf !== undefined) {
    const channelId = world.voice.get(guild.id, userId)?.channelId;
    if (channelId) world.voice.enter(channelId, userId, {}, 'other');
  }

  const changes = changesBetween(before, fieldsOf(member));
  if (changes.length > 0) record(AuditLogEvent.MemberUpdate, userId, { changes });
  const named = (ids: string[]) => ids.map((id) => ({ id, name: guild.roles.get(id)?.name ?? '' }));
  const added = named(member.roleIds.filter((id) => !oldRoles.includes(id)));
  const removed = named(oldRoles.filter((id) => !member.roleIds.includes(id)));
  if (added.length + removed.length > 0) {
    const roleChanges = [
      ...(added.length > 0 ? [{ key: '$add', new_value: added }] : []),
      ...(removed.length > 0 ? [{ key: '$remove', new_value: removed }] : []),
    ];
    record(AuditLogEvent.MemberRoleUpdate, userId, { changes: roleChanges });
  }
}

const fieldsOf = ({ nick, mute, deaf, timedOutUntil }: Member) => ({
  nick,
  mute,
  deaf,
  communication_disabled_until: timedOutUntil === undefined ? null : new Date(timedOutUntil).toISOString(),
});

/** Moving and muting need no rank; names, roles and time-outs do. */
function check(world: World, { application, guild }: Actor, member: Member, body: MemberBody): void {
  const need = (bit: bigint) => needGuildPermission(world, application, guild.id, bit);
  const { userId } = member;
  const isOwn = userId === application.botUserId;
  if (body.nick !== undefined) {
    need(PermissionFlagsBits.ManageNicknames);
    if (!isOwn) needAboveMember(world, application, guild, member);
  }
  if (body.roles) {
    need(PermissionFlagsBits.ManageRoles);
    const wanted = body.roles;
    const touched = [
      ...wanted.filter((id) => !member.roleIds.includes(id)),
      ...member.roleIds.filter((id) => !wanted.includes(id)),
    ];
    for (const id of touched) {
      const role = world.roles.get(guild, id);
      if (!role.managed) needAboveRole(world, application, guild, role);
      else if (wanted.includes(id)) throw missingPermissions();
    }
  }
  const until = body.communication_disabled_until;
  if (until !== undefined) {
    need(PermissionFlagsBits.ModerateMembers);
    needAboveMember(world, application, guild, member);
    if (world.guildPermissionsOf(guild.id, userId) & PermissionFlagsBits.Administrator) throw missingPermissions();
    if (until !== null && Date.parse(until) - Date.now() > maxTimeOutMs) {
      const message = 'Must be no more than 28 days in the future.';
      throw formRefusal([[['communication_disabled_until'], { code: 'GUILD_MEMBER_TIMEOUT_TOO_LONG', message }]]);
    }
  }
  if (typeof body.mute === 'boolean') need(PermissionFlagsBits.MuteMembers);
  if (typeof body.deaf === 'boolean') need(PermissionFlagsBits.DeafenMembers);
  if (body.channel_id !== undefined) need(PermissionFlagsBits.MoveMembers);
  const aboutVoice = typeof body.mute === 'boolean' || typeof body.deaf === 'boolean' || body.channel_id !== undefined;
  if (aboutVoice && !world.voice.get(guild.id, userId)) throw notInVoice();
  if (typeof body.channel_id === 'string') {
    const target = world.channel(body.channel_id);
    if (target.guildId !== guild.id) throw new ApiError(404, 10003, 'Unknown Channel');
    needChannelPermission(world, application, target.id, PermissionFlagsBits.Connect);
    if (target.kind !== 'voice' && target.kind !== 'stage')
      throw new ApiError(400, 50024, 'Cannot execute action on this channel type');
  }
}

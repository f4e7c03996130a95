/** Who may use a command, as data, and the judgement of it. Pure. */
import { PermissionFlagsBits } from 'discord-api-types/v10';
import type { TextKey } from './texts/texts.ts';

/** Discord's permissions that a rule may ask of a person. */
export type AskedPermission = 'ManageGuild' | 'ManageChannels' | 'ViewChannel';

export type Rule =
  | { kind: 'anyone' }
  /** A permission of Discord, in the channel that the command names, else in that in which it is used. */
  | { kind: 'permission'; permission: AskedPermission }
  /** A person in the voice channel that the command is about, or one with the permission. */
  | { kind: 'in-channel'; or: AskedPermission };

export const anyone: Rule = { kind: 'anyone' };
export const withPermission = (permission: AskedPermission): Rule => ({ kind: 'permission', permission });
export const inChannelOr = (permission: AskedPermission): Rule => ({ kind: 'in-channel', or: permission });

export interface Caller {
  /** Permission bits of the caller in the channel in question. */
  permissions: bigint;
  /** Is the caller in the voice channel in question? */
  inChannel: boolean;
}

/** What a caller lacks; `null`: they may. Administrators may everything. */
export type Lack = { kind: 'missing_permission' | 'not_in_channel'; permission: AskedPermission } | null;

/** @example judge(inChannelOr('ManageChannels'), { permissions: 0n, inChannel: true }) // null */
export function judge(rule: Rule, { permissions, inChannel }: Caller): Lack {
  if (rule.kind === 'anyone') return null;
  const permission = rule.kind === 'permission' ? rule.permission : rule.or;
  const enough = PermissionFlagsBits.Administrator | PermissionFlagsBits[permission];
  if ((permissions & enough) !== 0n) return null;
  if (rule.kind === 'permission') return { kind: 'missing_permission', permission };
  return inChannel ? null : { kind: 'not_in_channel', permission };
}

/** Discord's name of a permission, as a text of the table. */
export const permissionKey = (permission: AskedPermission): TextKey => `permission.${permission}`;

/** Whether a caller may use a command, by the table of `access/roles.ts`, and what to tell those who may not. Pure. */
import { type Action, may, permissions, type Role, type Standing } from '../access/roles.ts';
import type { TextKey } from './texts/texts.ts';

/** What a command does, by the table: who may do that may use it. */
export type Rule = Action;

/** Discord's permissions that make somebody one of the table's roles. */
export type AskedPermission = 'ManageGuild' | 'ManageChannels' | 'ViewChannel';

/** What a caller lacks; `null`: they may. */
export type Lack =
  | { kind: 'missing_permission' | 'not_in_channel'; permission: AskedPermission }
  | { kind: 'not_a_reader' }
  | null;

/** @example judge('call.stop', { permissions: 0n, inChannel: true }) // null */
export function judge(rule: Rule, person: Standing): Lack {
  if (may(rule, person)) return null;
  const allowed: readonly Role[] = permissions[rule];
  const permission = permissionFor(allowed);
  if (permission === null) return { kind: 'not_a_reader' };
  // Whoever may see a channel is told of its permission; where being in it is enough, of that.
  const inside = allowed.includes('participant') && !allowed.includes('member');
  return { kind: inside ? 'not_in_channel' : 'missing_permission', permission };
}

/** The least permission of Discord that is enough for it; `null`: none is. */
function permissionFor(allowed: readonly Role[]): AskedPermission | null {
  if (allowed.includes('member')) return 'ViewChannel';
  if (allowed.includes('moderator')) return 'ManageChannels';
  return allowed.includes('admin') ? 'ManageGuild' : null;
}

/** Discord's name of a permission, as a text of the table. */
export const permissionKey = (permission: AskedPermission): TextKey => `permission.${permission}`;

/**
 * Who may do what: one table, for commands, buttons and the API. Pure. `docs/privacy.md` shows the same table; a test compares them.
 *
 * A person has every role that fits; one role that may is enough. Each role of Discord's permissions has what those below it have:
 * admin, moderator, staff, member, stranger. A participant has what a member has.
 */
import { PermissionFlagsBits } from 'discord-api-types/v10';

export const roles = ['admin', 'moderator', 'staff', 'participant', 'member', 'stranger', 'reader'] as const;
/**
 * `admin`: Administrator or Manage Server. `moderator`: Manage Channels, in the channel in question. `staff`: the role that
 * `/setup staff` names. `participant`: in the voice channel in question, or in the recording. `member`: may view the channel.
 * `stranger`: anybody else. `reader`: named in `REPORT_READERS`, whatever else they are.
 */
export type Role = (typeof roles)[number];

const everybody = ['admin', 'moderator', 'staff', 'participant', 'member', 'stranger'] as const;
const viewers = ['admin', 'moderator', 'staff', 'participant', 'member'] as const;
const involved = ['admin', 'moderator', 'staff', 'participant'] as const;
const admins = ['admin'] as const;

/** Who may do it, by action. */
export const permissions = {
  'call.join': everybody,
  'call.next': involved,
  'call.leave': involved,
  'call.stop': involved,
  'call.report': involved,
  'call.status': viewers,
  /** The bot leaves a channel, whatever it does there. */
  'bot.leave': involved,
  invite: everybody,
  /** The call itself decides: only its staff side may. */
  desk: everybody,
  monitor: admins,
  setup: admins,
  'record.start': involved,
  'record.stop': involved,
  'record.note': involved,
  'record.status': viewers,
  /** `/records`, `/download`, `/recording`: the recording itself decides, by the actions below. */
  'recording.ask': everybody,
  /** Lists, links and the page of a recording. The channel in question is as it was then: it may be gone. */
  'recording.read': viewers,
  'recording.recover': admins,
  'recording.delete': admins,
  /** Taking somebody else out of a recording; oneself everybody may. */
  'recording.erase': admins,
  /** Of one's own voice. */
  'privacy.set': everybody,
  'captions.start': involved,
  'captions.stop': involved,
  'captions.status': viewers,
  'captions.set': admins,
  /** The language that one speaks oneself, and reading how captions are set. */
  'captions.own': everybody,
  'transcript.read': viewers,
  /** What `/call report` kept and sealed, of all servers. */
  'report.read': ['reader'],
} as const satisfies Record<string, readonly Role[]>;
export type Action = keyof typeof permissions;
export const actions = Object.keys(permissions) as Action[];

/** What is known of a person with regard to one channel, or to a recording that was made in it. */
export interface Standing {
  /** Discord's permission bits of the person in the channel. */
  permissions: bigint;
  /** Is the person in that voice channel? */
  inChannel?: boolean;
  /** Were they recorded, or in the channel while it was? */
  inRecording?: boolean;
  /** Ids of their Discord roles. */
  roleIds?: readonly string[];
  /** The role that the server named as its staff. */
  staffRole?: string | null;
  /** Named as a reader of reports. */
  reader?: boolean;
}

const { Administrator, ManageGuild, ManageChannels, ViewChannel } = PermissionFlagsBits;

/** Every role that a person has. */
export function rolesOf(person: Standing): ReadonlySet<Role> {
  const has = (...bits: bigint[]) => bits.some((bit) => (person.permissions & bit) !== 0n);
  const { staffRole, roleIds = [] } = person;
  const admin = has(Administrator, ManageGuild);
  const moderator = admin || has(ManageChannels);
  const staff = moderator || (staffRole != null && roleIds.includes(staffRole));
  const participant = person.inChannel === true || person.inRecording === true;
  const member = staff || participant || has(ViewChannel);
  const held = { admin, moderator, staff, participant, member, stranger: true, reader: person.reader === true };
  return new Set(roles.filter((role) => held[role]));
}

/** @example may('record.start', { permissions: 0n, inChannel: true }) // true */
export function may(action: Action, person: Standing): boolean {
  const held = rolesOf(person);
  return permissions[action].some((role) => held.has(role));
}

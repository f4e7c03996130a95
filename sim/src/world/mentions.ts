/** Who is mentioned by a text (https://discord.com/developers/docs/resources/message#allowed-mentions-object). Pure. */
import type { Guild, Message } from './model.ts';

export interface Mentions {
  userIds: string[];
  roleIds: string[];
  everyone: boolean;
}

/** As in a request; undefined: everything in the text, and whom a reply answers. */
export interface AllowedMentions {
  parse?: ('users' | 'roles' | 'everyone')[] | undefined;
  users?: string[] | undefined;
  roles?: string[] | undefined;
  replied_user?: boolean | undefined;
}

export interface MentionScope {
  /** Undefined in a private channel. */
  guild: Guild | undefined;
  /** The author may mention everyone and every role. */
  mayMentionAll: boolean;
  repliedTo: Message | undefined;
  isUser: (id: string) => boolean;
}

export function mentionsOf(text: string, allowed: AllowedMentions | undefined, scope: MentionScope): Mentions {
  const may = (kind: 'users' | 'roles', id: string) =>
    allowed === undefined || allowed.parse?.includes(kind) || (allowed[kind]?.includes(id) ?? false);
  const ids = (expression: RegExp) => [...new Set([...text.matchAll(expression)].map(([, id]) => id ?? ''))];

  const users = ids(/<@!?(\d+)>/g).filter((id) => scope.isUser(id) && may('users', id));
  const { repliedTo } = scope;
  const answers = allowed === undefined || (allowed.replied_user ?? false);
  if (repliedTo && answers && !repliedTo.webhook && !users.includes(repliedTo.authorId)) users.push(repliedTo.authorId);

  const roles = ids(/<@&(\d+)>/g).filter((id) => {
    const role = scope.guild?.roles.get(id);
    return role !== undefined && (role.mentionable || scope.mayMentionAll) && may('roles', id);
  });
  const everyone =
    scope.guild !== undefined &&
    scope.mayMentionAll &&
    /@(everyone|here)\b/.test(text) &&
    (allowed === undefined || (allowed.parse?.includes('everyone') ?? false));
  return { userIds: users, roleIds: roles, everyone };
}

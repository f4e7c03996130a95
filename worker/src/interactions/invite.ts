/** The link that invites the bot: which permissions and intents its features need, and why. Pure. */
import { PermissionFlagsBits } from 'discord-api-types/v10';
import type { TextKey } from './texts/texts.ts';

/** What a server has switched on, as far as it needs something of Discord. */
export type Feature = 'call' | 'recording' | 'panel' | 'relay' | 'threads';

/** A permission that a feature needs, and the text that says what for. */
interface Need {
  permission: keyof typeof PermissionFlagsBits & PermissionName;
  why: TextKey;
}
type PermissionName = TextKey extends infer K ? (K extends `permission.${infer P}` ? P : never) : never;

const needs: Record<Feature, readonly Need[]> = {
  call: [
    { permission: 'ViewChannel', why: 'invite.for.view' },
    { permission: 'Connect', why: 'invite.for.connect' },
    { permission: 'Speak', why: 'invite.for.speak' },
    { permission: 'UseVAD', why: 'invite.for.vad' },
    { permission: 'SendMessages', why: 'invite.for.send' },
    { permission: 'ViewAuditLog', why: 'invite.for.audit' },
  ],
  recording: [{ permission: 'ChangeNickname', why: 'invite.for.nick' }],
  panel: [
    { permission: 'ViewChannel', why: 'invite.for.view' },
    { permission: 'SendMessages', why: 'invite.for.send' },
    { permission: 'EmbedLinks', why: 'invite.for.embed' },
    { permission: 'ReadMessageHistory', why: 'invite.for.history' },
  ],
  relay: [
    { permission: 'ViewChannel', why: 'invite.for.view' },
    { permission: 'SendMessages', why: 'invite.for.send' },
  ],
  threads: [
    { permission: 'CreatePublicThreads', why: 'invite.for.threads' },
    { permission: 'SendMessagesInThreads', why: 'invite.for.threads' },
  ],
};

/** Gateway intents that the voice node asks for; none is privileged. The node's `gateway/intents.ts` names the same. */
export const intents = ['Guilds', 'GuildVoiceStates', 'GuildModeration', 'DirectMessages'] as const;
/** Those of the text relay; Message Content is privileged. The node asks for them with `MESSAGE_CONTENT=yes`. */
export const relayIntents = ['GuildMessages', 'MessageContent'] as const;

/** The permissions that these features need together, each once, in a fixed order. */
export function needsOf(features: readonly Feature[]): readonly Need[] {
  const all = (['call', 'recording', 'panel', 'relay', 'threads'] as const).filter((feature) =>
    features.includes(feature),
  );
  const byName = new Map(all.flatMap((feature) => needs[feature]).map((need) => [need.permission, need]));
  return [...byName.values()];
}

/** An identity as the fleet knows it. */
export interface KnownIdentity {
  identityId: string;
  member: boolean;
}

export interface InviteLink {
  /** 1 = the main identity. */
  number: number;
  url: string;
}

/**
 * One link for the main identity (also to give a member more permissions), and one for each other identity that is not yet a
 * member. The main one is the application itself; a bot's user id is its application's id.
 */
export function inviteLinks(request: {
  apiUrl: string;
  applicationId: string;
  guildId: string;
  features: readonly Feature[];
  identities: readonly KnownIdentity[];
}): InviteLink[] {
  const { apiUrl, applicationId, guildId, identities } = request;
  const permissions = needsOf(request.features).reduce(
    (bits, { permission }) => bits | PermissionFlagsBits[permission],
    0n,
  );
  const link = (clientId: string) => {
    const url = new URL('/oauth2/authorize', apiUrl);
    url.searchParams.set('client_id', clientId);
    url.searchParams.set('scope', 'bot applications.commands');
    url.searchParams.set('permissions', String(permissions));
    if (guildId !== '') {
      url.searchParams.set('guild_id', guildId);
      url.searchParams.set('disable_guild_select', 'true');
    }
    return url.href;
  };
  const order = [...identities].sort((a, b) => (BigInt(a.identityId) < BigInt(b.identityId) ? -1 : 1));
  const main = order.find(({ identityId }) => identityId === applicationId) ?? order[0];
  const others = order.filter((identity) => identity !== main);
  return [
    { number: 1, url: link(applicationId) },
    ...others.flatMap(({ identityId, member }, index) =>
      member ? [] : [{ number: index + 2, url: link(identityId) }],
    ),
  ];
}

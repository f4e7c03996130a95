import { PermissionFlagsBits } from 'discord-api-types/v10';
import { expect, test } from 'vitest';
import { type Feature, inviteLinks, needsOf } from './invite.ts';

const { ChangeNickname, Connect, CreatePublicThreads, EmbedLinks, ReadMessageHistory } = PermissionFlagsBits;
const { SendMessages, SendMessagesInThreads, Speak, UseVAD, ViewAuditLog, ViewChannel } = PermissionFlagsBits;
const call = ViewChannel | Connect | Speak | UseVAD | SendMessages | ViewAuditLog;
const request = (features: Feature[], identities: { identityId: string; member: boolean }[] = []) => ({
  apiUrl: 'https://discord.com/api',
  applicationId: '900',
  guildId: '101',
  features,
  identities,
});
const permissionsOf = (features: Feature[]) =>
  BigInt(new URL(inviteLinks(request(features))[0]?.url ?? '').searchParams.get('permissions') ?? -1);

test('a link asks for what the features need and for nothing else', () => {
  expect(permissionsOf(['call'])).toBe(call);
  expect(permissionsOf(['call', 'recording'])).toBe(call | ChangeNickname);
  expect(permissionsOf(['call', 'relay'])).toBe(call);
  expect(permissionsOf(['call', 'threads'])).toBe(call | CreatePublicThreads | SendMessagesInThreads);
  expect(permissionsOf(['panel', 'call'])).toBe(call | EmbedLinks | ReadMessageHistory);
  expect(needsOf(['call', 'panel']).filter(({ permission }) => permission === 'ViewChannel')).toHaveLength(1);
});

test('the link is of this server, for the bot and its commands', () => {
  const url = new URL(inviteLinks(request(['call']))[0]?.url ?? '');
  expect(url.origin + url.pathname).toBe('https://discord.com/oauth2/authorize');
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    client_id: '900',
    scope: 'bot applications.commands',
    guild_id: '101',
    disable_guild_select: 'true',
  });
});

test('one link for each further identity that is not a member yet; the main one is the application itself', () => {
  const identities = [
    { identityId: '800', member: false },
    { identityId: '900', member: true },
    { identityId: '1000', member: true },
    { identityId: '950', member: false },
  ];
  const links = inviteLinks(request(['call'], identities));
  expect(links.map(({ number, url }) => [number, new URL(url).searchParams.get('client_id')])).toEqual([
    [1, '900'],
    [2, '800'],
    [3, '950'],
  ]);
});

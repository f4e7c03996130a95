import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import type { GuildPicture } from '../gateway/guild-picture.ts';
import type { Identity } from '../gateway/identity.ts';
import { GatewayPeople } from './channel-people.ts';

const member = (userId: string, channelId: string) => ({ userId, channelId, bot: false, displayName: userId });

test('tells who is in one channel: at once, at each change there, and until it is no longer wanted', () => {
  const members = new Map([
    ['7', member('7', '11')],
    ['8', member('8', '12')],
  ]);
  const identity = Object.assign(new EventEmitter(), { guilds: new Map([['1', { guildId: '1', members }]]) });
  const identities = new Map([['91', identity as unknown as Pick<Identity, 'guilds' | 'on' | 'off'>]]);
  const told: string[] = [];
  const end = new GatewayPeople(() => identities).watch({ guildId: '1', channelId: '11', identityId: '91' }, (all) =>
    told.push(all.map(({ userId }) => userId).join()),
  );
  members.set('8', member('8', '11'));
  identity.emit('delta', [{ type: 'voice.moved', guildId: '1' }]);
  // Another guild, another kind of news.
  identity.emit('delta', [{ type: 'voice.left', guildId: '2' }]);
  identity.emit('delta', [{ type: 'channel.created', guildId: '1' }]);
  // A fresh picture after an outage.
  const fresh = { guildId: '1', members: new Map([['9', member('9', '11')]]) };
  identity.guilds.set('1', fresh);
  identity.emit('guild', fresh as unknown as GuildPicture);
  end();
  identity.emit('delta', [{ type: 'voice.left', guildId: '1' }]);
  expect(told).toEqual(['7', '7,8', '9']);
});

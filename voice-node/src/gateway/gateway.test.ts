import { EventEmitter } from 'node:events';
import type { NodeEventDraft } from '@patchbay/shared/events';
import { expect, test } from 'vitest';
import { Gateway } from './gateway.ts';
import type { GuildPicture } from './guild-picture.ts';
import type { Identity } from './identity.ts';

class FakeIdentity extends EventEmitter {
  connected = true;
  guilds = new Map<string, GuildPicture>();
  readonly identityId: string;
  constructor(identityId: string) {
    super();
    this.identityId = identityId;
  }
  join(guildId: string, name: string): void {
    const facts = { guildId, identityId: this.identityId, ownerId: '9', roles: {}, ownRoles: [] };
    const picture: GuildPicture = {
      guildId,
      name,
      channels: new Map(),
      members: new Map(),
      facts: { ...facts, overwrites: new Map(), ageRestricted: new Set(), parents: new Map(), membersReported: false },
      ownNick: null,
    };
    this.guilds.set(guildId, picture);
    this.emit('guild', picture);
  }
  delta(guildId: string): void {
    this.emit('delta', [{ type: 'channel.deleted', guildId, channelId: '5' }]);
  }
}

function make() {
  const [low, high] = [new FakeIdentity('10'), new FakeIdentity('20')];
  const gateway = new Gateway([high, low] as unknown as Identity[]);
  const reports: NodeEventDraft[] = [];
  gateway.on('report', (drafts) => reports.push(...drafts));
  const seen = () =>
    reports.splice(0).map((draft) => ('identityId' in draft ? `${draft.type} ${draft.identityId}` : draft.type));
  return { low, high, gateway, reports, seen };
}

test('of two identities in a guild one reports deltas; each is announced by one snapshot', () => {
  const { low, high, seen } = make();
  high.join('1', 'seen by 20');
  expect(seen()).toEqual(['voice.snapshot 20']);
  high.delta('1');
  expect(seen()).toEqual(['channel.deleted']);
  low.join('1', 'seen by 10');
  expect(seen()).toEqual(['voice.snapshot 10']);
  high.delta('1');
  expect(seen()).toEqual([]);
  low.delta('1');
  expect(seen()).toEqual(['channel.deleted']);
});

test('a late identity is announced with the picture of the one that reports', () => {
  const { low, high, reports } = make();
  low.join('1', 'the truth');
  high.join('1', 'an older view');
  expect(reports.at(-1)).toMatchObject({ identityId: '20', guildName: 'the truth' });
});

test('when the reporter is gone the next one begins with a snapshot', () => {
  const { low, high, seen } = make();
  low.join('1', 'g');
  high.join('1', 'g');
  seen();
  low.connected = false;
  low.emit('disconnected');
  expect(seen()).toEqual(['voice.snapshot 20']);
  low.guilds.delete('1');
  low.emit('guildRemoved', '1');
  expect(seen()).toEqual(['guild.removed 10']);
});

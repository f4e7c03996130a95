/** Which voice channels a viewer may see, from what the nodes reported of roles and overwrites. Pure. */
import {
  type ChannelOverwrite,
  channelPermissions,
  type GuildRoles,
  permissionBits,
} from '@patchbay/shared/permissions';

/** Who looks: scope `self` sees only their own voice events, and needs no roles for it. */
export interface Viewer {
  userId: string;
  scope: 'self' | 'guild';
  roles: string[];
}

/** Everything that decides who may see what in one guild. */
export interface AccessFacts extends GuildRoles {
  guildName: string;
  /** Grows with each change. */
  version: number;
  /** Changes of members' roles are reported as they happen; otherwise they have to be asked for. */
  membersReported: boolean;
  /** `overwrites: null`: not told; nobody but administrators sees the channel then. */
  channels: { channelId: string; name: string; overwrites: ChannelOverwrite[] | null }[];
}

/** What one viewer may see. Viewers with the same rights share one, so that an event is put into words once for all of them. */
export interface Sight {
  channels: ReadonlySet<string>;
  /** Stands for all that a snapshot tells of the guild itself: another key means that the picture has to be sent anew. */
  key: string;
}

/** Sees no channel; their own events reach them by their user id. */
const SELF: Sight = { channels: new Set(), key: 'self' };

/** One state of a guild's facts; remembers what it worked out. */
export class Access {
  readonly facts: AccessFacts;
  readonly #sights = new Map<string, Sight>();
  readonly #byChannels = new Map<string, Sight>();
  /** Members that an overwrite names: their sight is theirs alone. */
  readonly #named: ReadonlySet<string>;

  constructor(facts: AccessFacts) {
    this.facts = facts;
    const overwrites = facts.channels.flatMap((channel) => channel.overwrites ?? []);
    this.#named = new Set(overwrites.filter(({ type }) => type === 'member').map(({ id }) => id));
  }

  of(viewer: Viewer): Sight {
    if (viewer.scope === 'self') return SELF;
    const { userId } = viewer;
    const alone = userId === this.facts.ownerId || this.#named.has(userId);
    const name = `${alone ? userId : ''}/${[...viewer.roles].sort().join()}`;
    let sight = this.#sights.get(name);
    if (!sight) {
      sight = this.#workOut(viewer);
      this.#sights.set(name, sight);
    }
    return sight;
  }

  #workOut(viewer: Viewer): Sight {
    const { facts } = this;
    const visible = facts.channels.filter(({ overwrites }) => {
      // Without its overwrites a channel is seen only by those whom none could stop.
      const bits = channelPermissions(facts, viewer, overwrites ?? [hidden(facts.guildId)]);
      return (bits & permissionBits.ViewChannel) !== 0n;
    });
    const text = JSON.stringify([facts.guildName, visible.map(({ channelId, name }) => [channelId, name])]);
    const known = this.#byChannels.get(text);
    if (known) return known;
    const sight = { channels: new Set(visible.map(({ channelId }) => channelId)), key: hash(text) };
    this.#byChannels.set(text, sight);
    return sight;
  }
}

/** An overwrite that hides a channel from everybody. */
function hidden(guildId: string): ChannelOverwrite {
  return { id: guildId, type: 'role', allow: '0', deny: String(permissionBits.ViewChannel) };
}

/** 53 bits of a text, in base 36 (cyrb53). It tells pictures apart; it guards nothing. */
function hash(text: string): string {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return (4294967296 * (2097151 & low) + (high >>> 0)).toString(36);
}

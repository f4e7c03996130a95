/** Who is in the voice channel of a leg, as the gateway of the leg's own identity tells it. */
import type { VoiceMember } from '@patchbay/shared/events';
import type { Identity } from '../gateway/identity.ts';

export type ChannelMember = Pick<VoiceMember, 'userId' | 'bot' | 'serverMute' | 'serverDeaf'>;

export interface WatchedChannel {
  guildId: string;
  channelId: string;
  identityId: string;
}

/** What sessions need of it; tests put fakes here. */
export interface ChannelPeople {
  /** Tells who is there, bots included: at once, and whenever somebody comes, leaves or changes. Returns the function that ends it. */
  watch(channel: WatchedChannel, listener: (members: readonly ChannelMember[]) => void): () => void;
}

export class GatewayPeople implements ChannelPeople {
  readonly #identities: () => ReadonlyMap<string, Pick<Identity, 'guilds' | 'on' | 'off'>>;

  constructor(identities: () => ReadonlyMap<string, Pick<Identity, 'guilds' | 'on' | 'off'>>) {
    this.#identities = identities;
  }

  watch(
    { guildId, channelId, identityId }: WatchedChannel,
    listener: (members: readonly ChannelMember[]) => void,
  ): () => void {
    const identity = this.#identities().get(identityId);
    if (!identity) return () => undefined;
    const tell = (): void => {
      const members = identity.guilds.get(guildId)?.members.values() ?? [];
      listener([...members].filter((member) => member.channelId === channelId));
    };
    const onGuild = (picture: { guildId: string }): void => {
      if (picture.guildId === guildId) tell();
    };
    const onDelta = (drafts: readonly { guildId: string; type: string }[]): void => {
      if (drafts.some((draft) => draft.guildId === guildId && draft.type.startsWith('voice.'))) tell();
    };
    identity.on('guild', onGuild);
    identity.on('delta', onDelta);
    tell();
    return () => {
      identity.off('guild', onGuild);
      identity.off('delta', onDelta);
    };
  }
}

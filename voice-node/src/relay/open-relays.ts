/** The text relay put together: what identities hear comes in, what is relayed goes out as the identity of its leg. */
import type { Gateway } from '../gateway/gateway.ts';
import type { Logger } from '../ops/logger.ts';
import { relayEventOf } from './incoming.ts';
import { DiscordOutlet } from './outlet.ts';
import { RelayDesk } from './relay-desk.ts';

export function openRelays({ identities }: Gateway, logger: Logger): RelayDesk {
  const relays = new RelayDesk(
    {
      outlet: new DiscordOutlet((identityId) => identities.get(identityId)?.rest),
      channelNames: (identityId, guildId) => identities.get(identityId)?.guilds.get(guildId)?.channels ?? new Map(),
    },
    logger,
  );
  for (const [identityId, identity] of identities) {
    identity.on('message', (payload) => {
      const event = relayEventOf(payload);
      if (event) relays.take(identityId, event);
    });
  }
  return relays;
}

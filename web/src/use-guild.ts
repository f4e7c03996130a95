import type { ConnectionState, Presence, VoiceEventsClient } from '@patchbay/client';
import { useVoiceEventsClient, useVoiceView } from '@patchbay/client/react';
import { getToken } from './sign-in.ts';

/** Follows one guild live: its picture, the state of the connection, and why it was given up if it was. */
export function useGuild(guildId: string): {
  client: VoiceEventsClient;
  guild: Presence | undefined;
  connection: ConnectionState;
  problem?: string;
} {
  const client = useVoiceEventsClient({ url: location.origin, guildId, getToken });
  const { state, presence, error } = useVoiceView(client);
  return { client, guild: presence, connection: state, ...(error ? { problem: error.message } : {}) };
}

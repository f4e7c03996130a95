import { type ConnectionState, VoiceEventsClient } from '@patchbay/client';
import { useEffect, useState } from 'react';
import { type GuildState, nextState } from './guild-state.ts';
import { getToken } from './sign-in.ts';

/** Follows one guild live: its picture, the state of the connection, and why it was given up if it was. */
export function useGuild(guildId: string): {
  guild: GuildState | undefined;
  connection: ConnectionState;
  problem?: string;
} {
  const [guild, setGuild] = useState<GuildState>();
  const [connection, setConnection] = useState<ConnectionState>('connecting');
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    const client = new VoiceEventsClient({
      url: `${location.origin.replace(/^http/, 'ws')}/api/ws`,
      guildId,
      getToken,
      // The hub and this page are built from one contract (shared/hub-protocol).
      onEvent: (event) => setGuild((state) => nextState(state, event as Parameters<typeof nextState>[1])),
      onState: setConnection,
      onError: (error) => setProblem(error.message),
    });
    client.connect();
    return () => client.close();
  }, [guildId]);
  return { guild, connection, ...(problem === undefined ? {} : { problem }) };
}

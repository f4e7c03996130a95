import { useEffect, useState } from 'react';
import type { SessionView } from '../protocol.ts';
import type { VoiceEventsClient } from '../voice-events-client.ts';
import { useVoiceView } from './use-client.ts';

/**
 * One session of the server, by id; without an id the newest one that runs. Needs a token of scope `guild`.
 *
 * @returns the session, and how many seconds were left when the hub warned of its time limit
 */
export function useSession(
  client: VoiceEventsClient,
  sessionId?: string,
): { session: SessionView | undefined; secondsLeft: number | undefined } {
  const { presence } = useVoiceView(client);
  const [warning, setWarning] = useState<{ sessionId: string; secondsLeft: number }>();
  useEffect(() => client.on('session.warning', ({ payload }) => setWarning(payload)), [client]);
  const session = presence?.sessions.find((each) =>
    sessionId === undefined ? each.state !== 'ended' : each.sessionId === sessionId,
  );
  const warned = session && warning?.sessionId === session.sessionId && session.state !== 'ended';
  return { session, secondsLeft: warned ? warning.secondsLeft : undefined };
}

import { useCallback, useEffect, useState } from 'react';
import type { VoiceEventsError } from '../errors.ts';
import { type Departure, watchMember } from '../member-watch.ts';
import type { Presence } from '../presence.ts';
import type { LeaveCause, VoiceMember } from '../protocol.ts';
import type { RejoinAnswer } from '../rejoin.ts';
import type { ConnectionState, VoiceEventsClient, VoiceEventsOptions } from '../voice-events-client.ts';
import { useLatest, useVoiceEventsClient, useVoiceView } from './use-client.ts';

export interface VoiceChannelEventsOptions
  extends Pick<VoiceEventsOptions, 'url' | 'guildId' | 'getToken' | 'onError'> {
  /** Whom to follow: usually the player whose token it is. */
  userId: string;
  /** The channel that counts: being in another one is being out. Left away, any channel will do. */
  channelId?: string | undefined;
  /** A drop-out is told after this time, unless the member is back by then. ms, 0 by default: at once. */
  graceMs?: number | undefined;
  /** `false` keeps it disconnected. */
  enabled?: boolean | undefined;
  onVoiceLeft?: ((departure: Departure) => void) | undefined;
  onVoiceJoined?: ((member: VoiceMember) => void) | undefined;
}

export interface VoiceChannelEvents {
  status: ConnectionState;
  /** Where the member is; `null` in no channel, `undefined` as long as nobody knows. */
  channelId: string | null | undefined;
  /** The drop-out that lasts; `undefined` while all is well. This is what opens the modal. */
  dropout: Departure | undefined;
  /** Why the member dropped out last; stays when they are back. */
  lastCause: LeaveCause | undefined;
  /** Why the client gave up; `client.connect()` tries again. */
  error: VoiceEventsError | undefined;
  presence: Presence | undefined;
  client: VoiceEventsClient;
  /** Asks for the way back into `channelId` of the options, or into the channel that the member dropped out of. */
  rejoin: () => Promise<RejoinAnswer>;
}

/** Follows one member of one server: in voice or dropped out, and why. */
export function useVoiceChannelEvents(options: VoiceChannelEventsOptions): VoiceChannelEvents {
  const { userId, channelId, graceMs } = options;
  const client = useVoiceEventsClient({ ...options, identity: userId });
  const { state, presence, error } = useVoiceView(client);
  const [dropout, setDropout] = useState<Departure>();
  const [lastCause, setLastCause] = useState<LeaveCause>();
  const latest = useLatest(options);

  useEffect(() => {
    const show = (departure: Departure) => {
      setDropout(departure);
      setLastCause(departure.cause);
    };
    const end = watchMember(client, {
      userId,
      channelId,
      graceMs,
      onCause: show,
      onLeft: (departure) => {
        show(departure);
        latest.current.onVoiceLeft?.(departure);
      },
      onJoined: (member) => {
        setDropout(undefined);
        latest.current.onVoiceJoined?.(member);
      },
    });
    return () => {
      end();
      setDropout(undefined);
    };
  }, [client, userId, channelId, graceMs, latest]);

  const target = channelId ?? dropout?.channelId;
  const rejoin = useCallback(
    () =>
      target ? client.rejoin(target) : Promise.reject(new Error('Which channel? Give `channelId` in the options.')),
    [client, target],
  );
  const member = presence?.members.find((each) => each.userId === userId);
  return {
    status: state,
    channelId: presence && (member?.channelId ?? null),
    dropout,
    lastCause,
    error,
    presence,
    client,
    rejoin,
  };
}

import { type RejoinAnswer, VoiceEventsError } from '@patchbay/client';
import { useCallback, useEffect, useState } from 'react';

/** How the way back stands. */
export interface Rejoin {
  loading: boolean;
  /** Why the last try failed. */
  error: string | undefined;
  links: { web: string; app: string } | undefined;
  start: () => void;
  reset: () => void;
}

/** After this time the player may try again, though Discord has not shown that they were moved. ms. */
const MOVE_LIMIT_MS = 10_000;

/** One try after the other to come back into voice. Success is told by `voice.joined`: call `reset` then. */
export function useRejoin(rejoin: () => Promise<RejoinAnswer>, onFailure: (message: string) => void): Rejoin {
  const [loading, setLoading] = useState(false);
  const [moving, setMoving] = useState(false);
  const [error, setError] = useState<string>();
  const [links, setLinks] = useState<{ web: string; app: string }>();

  const fail = useCallback(
    (message: string) => {
      setLoading(false);
      setMoving(false);
      setError(message);
      onFailure(message);
    },
    [onFailure],
  );
  const start = useCallback(async () => {
    setLoading(true);
    setError(undefined);
    try {
      const answer = await rejoin();
      if (answer.kind === 'moved') {
        setMoving(true);
        return;
      }
      setLinks(answer);
      setLoading(false);
      // Some browsers hold back a window that opens later than the click: the dialog has the links too.
      window.open(answer.web, '_blank', 'noopener');
    } catch (reason) {
      fail(reason instanceof VoiceEventsError ? reason.message : 'Something went wrong. Try again.');
    }
  }, [rejoin, fail]);
  useEffect(() => {
    if (!moving) return;
    const timer = setTimeout(
      () => fail('Discord has not moved you yet. Try again, or join in Discord.'),
      MOVE_LIMIT_MS,
    );
    return () => clearTimeout(timer);
  }, [moving, fail]);
  const reset = useCallback(() => {
    setLoading(false);
    setMoving(false);
    setError(undefined);
    setLinks(undefined);
  }, []);
  return { loading, error, links, start, reset };
}

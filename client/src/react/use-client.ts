import { type RefObject, useEffect, useLayoutEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import { type View, VoiceEventsClient, type VoiceEventsOptions } from '../voice-events-client.ts';

/** The newest value, for callbacks that are called later: a new function each render must not mean a new connection. */
export function useLatest<T>(value: T): RefObject<T> {
  const latest = useRef(value);
  useLayoutEffect(() => {
    latest.current = value;
  });
  return latest;
}

/** Options of a connection; `identity` is whose token `getToken` gives: with another one it connects anew. */
export interface ClientHookOptions extends Pick<VoiceEventsOptions, 'url' | 'guildId' | 'getToken' | 'onError'> {
  identity?: string | undefined;
  /** `false` keeps it disconnected. */
  enabled?: boolean | undefined;
}

/** One connection for as long as the component is there. Share the client with `useCaptions` and `useSession`. */
export function useVoiceEventsClient(options: ClientHookOptions): VoiceEventsClient {
  const { url, guildId, identity, enabled = true } = options;
  const latest = useLatest(options);
  // biome-ignore lint/correctness/useExhaustiveDependencies: somebody else's events need a client that knows nothing yet.
  const client = useMemo(
    () =>
      new VoiceEventsClient({
        url,
        guildId,
        getToken: () => latest.current.getToken(),
        onError: (error) => latest.current.onError?.(error),
      }),
    [url, guildId, identity, latest],
  );
  useEffect(() => {
    if (!enabled) return;
    client.connect();
    return () => client.close();
  }, [client, enabled]);
  return client;
}

/** State of the connection, picture of the server, and error: rendered anew when they change. */
export function useVoiceView(client: VoiceEventsClient): View {
  const { subscribe, read } = useMemo(
    () => ({ subscribe: (watcher: () => void) => client.subscribe(watcher), read: () => client.view }),
    [client],
  );
  return useSyncExternalStore(subscribe, read, read);
}

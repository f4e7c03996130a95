/** Where one identity's gateway keeps its session for a resume. */
import type { OptionalWebSocketManagerOptions, SessionInfo } from '@discordjs/ws';

/**
 * Options for one `WebSocketManager`. The default of @discordjs/ws 2.0.4 is one store per process, by shard number alone: the
 * second identity would try to resume the session of the first.
 */
export function sessionStore(): Pick<OptionalWebSocketManagerOptions, 'retrieveSessionInfo' | 'updateSessionInfo'> {
  const sessions = new Map<number, SessionInfo>();
  return {
    retrieveSessionInfo: (shardId) => sessions.get(shardId) ?? null,
    updateSessionInfo: (shardId, session) => {
      if (session) sessions.set(shardId, session);
      else sessions.delete(shardId);
    },
  };
}

import { NetworkingStatusCode, type VoiceConnection } from '@discordjs/voice';
import type { DaveState } from './dave.ts';

/** The parts of a ready `Networking` in use. */
export interface ReadyNetworking {
  code: number;
  dave?: DaveState;
  connectionData: { sequence: number; timestamp: number; connectedClients: Set<string>; ssrc: number };
}

/** The networking of a connection that can carry voice now; undefined before and between. */
export function readyNetworking({ state }: VoiceConnection): ReadyNetworking | undefined {
  if (state.status !== 'ready') return undefined;
  const inner = state.networking.state as unknown as ReadyNetworking;
  return inner.code === NetworkingStatusCode.Ready ? inner : undefined;
}

/** A client on a fake hub, and waiting for what it does instead of for time. */
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import type { WebSocket } from 'ws';
import type { VoiceEventsError } from '../src/errors.ts';
import type { AnyVoiceEvent } from '../src/protocol.ts';
import { type View, VoiceEventsClient, type VoiceEventsOptions } from '../src/voice-events-client.ts';
import { type Auth, FakeHub, GUILD } from './fake-hub.ts';

/** A hub that ends with the test. */
export async function startHub(): Promise<FakeHub> {
  const hub = await new FakeHub().start();
  onTestFinished(() => hub.stop());
  return hub;
}

export interface Followed {
  client: VoiceEventsClient;
  /** Everything that was told, in order. */
  events: AnyVoiceEvent[];
  errors: VoiceEventsError[];
  states: string[];
}

/** A connected client that closes with the test. */
export function follow(hub: FakeHub, options: Partial<VoiceEventsOptions> = {}): Followed {
  const followed: Omit<Followed, 'client'> = { events: [], errors: [], states: [] };
  const client = new VoiceEventsClient({
    url: hub.url,
    guildId: GUILD,
    getToken: async () => 'token',
    onEvent: (event) => followed.events.push(event),
    onError: (error) => followed.errors.push(error),
    onState: (state) => followed.states.push(state),
    ...options,
  });
  onTestFinished(() => client.close());
  client.connect();
  return { client, ...followed };
}

/** Resolves when the client's view is as asked. */
export function until(client: VoiceEventsClient, holds: (view: View) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const end = client.subscribe(check);
    function check(): void {
      if (!holds(client.view)) return;
      end();
      resolve();
    }
    check();
  });
}

/** The next authentication that the hub sees. */
export async function nextAuth(hub: FakeHub): Promise<{ auth: Auth; socket: WebSocket }> {
  const [auth, socket] = (await once(hub, 'auth')) as [Auth, WebSocket];
  return { auth, socket };
}

/** The next socket that the hub has accepted and brought up to date. */
export async function accepted(hub: FakeHub): Promise<WebSocket> {
  const [socket] = (await once(hub, 'accepted')) as [WebSocket];
  return socket;
}

/** Events told, as `voice.left 5`, derived ones with a star; snapshots left out. */
export function lines(events: AnyVoiceEvent[]): string[] {
  return events
    .filter(({ event }) => event !== 'presence.snapshot')
    .map(({ event, payload, derived }) => {
      const userId = 'member' in payload ? payload.member.userId : 'userId' in payload ? payload.userId : '';
      return `${event} ${userId}${derived ? '*' : ''}`;
    });
}

/** Several calls at once, for benches: made, joined and left through Discord, with one person of each talking all the time. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SimControl } from '@patchbay/sim/control-client';
import { configure } from '../scenario/world.ts';
import { exchangeCode, HubWatcher, mintCode } from '../stack/hub.ts';
import type { Stack } from '../stack/stack.ts';
import { PAUSE_MS, type Sides } from './listen.ts';

export interface BenchCall {
  both: Sides;
  watcher: HubWatcher;
}

/** Sets up two channels that call each other when people join; not recorded. Resolves with a watcher of the first guild. */
export async function prepareCall(stack: Stack, both: Sides): Promise<HubWatcher> {
  for (const side of both) await configure(stack.sim, stack.application, side, { record: false });
  const [{ ownerId, guildId }] = both;
  const code = await mintCode(stack.workerUrl, stack.hubSecret, ownerId, [guildId]);
  return HubWatcher.connect(stack.workerUrl, guildId, await exchangeCode(stack.workerUrl, code));
}

/** Everybody joins; resolves with the id of the session when both sides are connected. */
export async function joinCall(sim: SimControl, { both, watcher }: BenchCall): Promise<string> {
  const earlier = new Set(watcher.sessions().map(({ sessionId }) => sessionId));
  await enter(sim, both);
  const session = await watcher.until('the call to be active', () =>
    watcher.sessions().find(({ sessionId, state }) => !earlier.has(sessionId) && state === 'active'),
  );
  return session.sessionId;
}

export async function leaveCall(sim: SimControl, { both, watcher }: BenchCall, sessionId: string): Promise<void> {
  for (const { members } of both) for (const { userId } of members) await sim.leave(userId);
  await watcher.until('the call to end', () =>
    watcher.sessions().find((view) => view.sessionId === sessionId && view.state === 'ended'),
  );
}

/** Everybody of both sides joins their channel. */
export async function enter(sim: SimControl, both: Sides): Promise<void> {
  for (const { members, channelId } of both) for (const { userId } of members) await sim.join(userId, channelId);
}

/**
 * One person of each call talks on and on, until told to stop, with the pauses of {@link PAUSE_MS}: without them the usual bot
 * would lose most sentences and have next to nothing to do.
 */
export async function talk(sim: SimControl, calls: readonly Sides[], clip: string): Promise<{ stop(): Promise<void> }> {
  const talkers = calls.flatMap(([{ members }]) => members.slice(0, 1).map(({ userId }) => userId));
  await Promise.all(talkers.map((userId) => sim.ready(userId)));
  let talking = true;
  const speeches = talkers.map(async (userId) => {
    while (talking) {
      await sim.speak(userId, { clip });
      await sim.waitUntilSilent(userId);
      await sleep(PAUSE_MS);
    }
  });
  return {
    async stop() {
      talking = false;
      await Promise.all(speeches);
    },
  };
}

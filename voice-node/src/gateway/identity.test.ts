/** Two bot accounts in one process, on the simulated Discord. */
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SimControl } from '../../../sim/src/control/client.ts';
import { type Simulator, startSimulator } from '../../../sim/src/simulator.ts';
import { createLogger } from '../ops/logger.ts';
import { Identity } from './identity.ts';

let simulator: Simulator;
const identities: Identity[] = [];

beforeEach(async () => {
  simulator = await startSimulator({ clips: new Map() });
});
afterEach(async () => {
  await Promise.all(identities.splice(0).map((identity) => identity.close()));
  await simulator.close();
});

async function make(name: string): Promise<Identity> {
  const { token } = await new SimControl(simulator.controlUrl).createApplication({ name });
  const logger = createLogger('silent');
  const identity = await Identity.create({ token, apiUrl: simulator.apiUrl, logger });
  identities.push(identity);
  return identity;
}

test('each identity gets a session of its own, and resumes that one', async () => {
  const ready: { userId: string; sessionId: string; resumed: boolean }[] = [];
  simulator.gateway.events.on('botReady', (event) => ready.push(event));
  const [first, second] = [await make('First'), await make('Second')];
  await first.connect();
  await second.connect();
  expect(ready.map(({ userId, resumed }) => [userId, resumed])).toEqual([
    [first.identityId, false],
    [second.identityId, false],
  ]);
  const [ofFirst, ofSecond] = ready.splice(0).map(({ sessionId }) => sessionId);
  expect(ofFirst).not.toBe(ofSecond);
  for (const identity of [first, second]) {
    const back = once(identity, 'connected');
    simulator.gateway.cut(identity.identityId);
    await back;
  }
  expect(ready).toEqual([
    { userId: first.identityId, sessionId: ofFirst, resumed: true },
    { userId: second.identityId, sessionId: ofSecond, resumed: true },
  ]);
});

// @vitest-environment node
/** When the client comes back, how fast, and when it gives up. Sockets are real, the clock is not. */
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { FakeHub } from '../test/fake-hub.ts';
import { accepted, follow, nextAuth, startHub, until } from '../test/follow.ts';
import { VoiceEventsError } from './errors.ts';
import type { VoiceEventsClient } from './voice-events-client.ts';

let hub: FakeHub;
beforeEach(async () => {
  hub = await startHub();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  // The full wait, without jitter.
  vi.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const inState = (client: VoiceEventsClient, state: string) => until(client, (view) => view.state === state);
const live = (client: VoiceEventsClient) =>
  until(client, (view) => view.presence !== undefined && view.state === 'live');

/** Lets the client fail as often as it tries, and tells after which waits it tried. */
async function waitsUntilGivenUp(client: VoiceEventsClient): Promise<number[]> {
  const waits: number[] = [];
  for (;;) {
    await until(client, ({ state }) => state === 'waiting' || state === 'closed');
    if (client.view.state === 'closed') return waits;
    let waited = 0;
    while (client.view.state === 'waiting') {
      vi.advanceTimersByTime(500);
      waited += 500;
    }
    waits.push(waited);
  }
}

test('an unreachable server is tried after 1, 2, 4, 8 and 16 s, then the client gives up, and can be started again', async () => {
  await hub.stop();
  const { client, errors } = follow(hub);
  expect(await waitsUntilGivenUp(client)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
  expect(errors.map(({ code }) => code)).toEqual(['connection_lost']);
  expect(client.view.error).toBe(errors[0]);
  await hub.start();
  client.connect();
  await live(client);
  expect(client.view.error).toBeUndefined();
});

test.each([1006, 1012, 4008, 4009, 4029])(
  'close code %i: tried again after a second, from where it was',
  async (code) => {
    const { client, errors } = follow(hub);
    const socket = await accepted(hub);
    await live(client);
    if (code === 1006) socket.terminate();
    else socket.close(code);
    await inState(client, 'waiting');
    const next = nextAuth(hub);
    vi.advanceTimersByTime(999);
    expect(client.view.state).toBe('waiting');
    vi.advanceTimersByTime(1);
    expect((await next).auth.since).toEqual({ epoch: 'epoch-1', seq: 0 });
    await inState(client, 'live');
    expect(errors).toEqual([]);
  },
);

test('connections that are cut as soon as they stand are failures too', async () => {
  hub.on('accepted', (socket) => socket.close(4008));
  const { client, errors } = follow(hub);
  expect(await waitsUntilGivenUp(client)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
  expect(errors.map(({ code }) => code)).toEqual(['connection_lost']);
});

test('after a connection that lasted, the waits begin anew', async () => {
  const { client } = follow(hub);
  for (let round = 0; round < 7; round += 1) {
    await live(client);
    vi.advanceTimersByTime(10_001);
    hub.closeAll(1012);
    await inState(client, 'waiting');
    const next = accepted(hub);
    vi.advanceTimersByTime(1_000);
    await next;
  }
});

test('4003 is not tried again', async () => {
  hub.judge = () => ({ closeCode: 4003, code: 'not_your_guild' });
  const { client, errors } = follow(hub);
  await inState(client, 'closed');
  expect(errors.map(({ code, message }) => [code, message])).toEqual([['not_your_guild', 'Refused: not_your_guild.']]);
  vi.advanceTimersByTime(120_000);
  expect(hub.connections).toBe(1);
});

test('a refused token is not tried again, nor is another one asked for', async () => {
  const getToken = vi.fn(async () => 'forged');
  hub.judge = () => ({ closeCode: 4001, code: 'token_refused' });
  const { client, errors } = follow(hub, { getToken });
  await inState(client, 'closed');
  vi.advanceTimersByTime(120_000);
  expect(errors.map(({ code }) => code)).toEqual(['token_refused']);
  expect(getToken).toHaveBeenCalledTimes(1);
  expect(hub.connections).toBe(1);
});

test('an expired token is replaced once: by a fresh one it goes on, a second refusal ends it', async () => {
  let minted = 0;
  const getToken = async () => `token-${++minted}`;
  hub.judge = ({ token }) => (token === 'token-1' ? { closeCode: 4001, code: 'token_expired' } : undefined);
  const first = follow(hub, { getToken });
  await live(first.client);
  expect(first.errors).toEqual([]);
  first.client.close();

  hub.judge = () => ({ closeCode: 4001, code: 'token_expired' });
  const second = follow(hub, { getToken });
  await inState(second.client, 'closed');
  expect(second.errors.map(({ code }) => code)).toEqual(['token_refused']);
  expect(minted).toBe(4);
});

test('an expired token that getToken hands out again is not sent again', async () => {
  hub.judge = () => ({ closeCode: 4001, code: 'token_expired' });
  const { client, errors } = follow(hub);
  await inState(client, 'closed');
  expect(errors.map(({ code }) => code)).toEqual(['token_refused']);
  expect(hub.connections).toBe(1);
});

test('a token that runs out on a living connection is replaced at once, each time', async () => {
  let minted = 0;
  const { client, errors } = follow(hub, { getToken: async () => `token-${++minted}` });
  for (let round = 1; round <= 3; round += 1) {
    await live(client);
    vi.setSystemTime(Date.now() + 900_000);
    const next = nextAuth(hub);
    hub.closeAll(4001, 'token_expired');
    expect((await next).auth.token).toBe(`token-${round + 1}`);
  }
  expect(errors).toEqual([]);
});

test('a token that says when it ends is renewed on the same connection', async () => {
  let minted = 0;
  const getToken = async () => {
    minted += 1;
    return `h.${btoa(JSON.stringify({ exp: Date.now() / 1000 + 60, n: minted }))}.s`;
  };
  const { client } = follow(hub, { getToken });
  await live(client);
  const ping = once(hub, 'ping');
  vi.advanceTimersByTime(25_000);
  await ping;
  hub.join('1');
  await until(client, ({ presence }) => presence?.members.length === 1);
  const renewed = nextAuth(hub);
  vi.advanceTimersByTime(15_000);
  const { auth } = await renewed;
  expect(JSON.parse(atob(auth.token.split('.')[1] ?? '')).n).toBe(2);
  expect(auth.since).toEqual({ epoch: 'epoch-1', seq: 1 });
  expect(hub.connections).toBe(1);
});

test('no token to be had is a failure like any other; a VoiceEventsError says that there will be none', async () => {
  const failing = follow(hub, {
    getToken: async () => {
      throw new Error('backend is down');
    },
  });
  expect(await waitsUntilGivenUp(failing.client)).toHaveLength(5);
  expect(failing.errors[0]?.message).toContain('backend is down');
  const signedOut = follow(hub, {
    getToken: async () => {
      throw new VoiceEventsError('signed_out', 'Sign in first.');
    },
  });
  await inState(signedOut.client, 'closed');
  expect(signedOut.errors.map(({ code }) => code)).toEqual(['signed_out']);
  expect(hub.connections).toBe(0);
});

test('a getToken that never answers does not hold it up for ever', async () => {
  const tokens = [new Promise<string>(() => undefined), Promise.resolve('token')];
  const { client } = follow(hub, { getToken: () => tokens.shift() ?? Promise.resolve('token') });
  vi.advanceTimersByTime(15_000);
  await inState(client, 'waiting');
  vi.advanceTimersByTime(1_000);
  await live(client);
});

test('an address that is none ends it with a word about the address', async () => {
  const { client, errors } = follow(hub, { url: 'patchbay dot example' });
  await inState(client, 'closed');
  expect(errors.map(({ code }) => code)).toEqual(['address_refused']);
});

test('a line that died is found out: 25 s of silence, a ping, 10 s without an answer', async () => {
  const { client } = follow(hub);
  await live(client);
  const ping = once(hub, 'ping');
  vi.advanceTimersByTime(25_000);
  await ping;
  // The answer came, or comes: an event is a sign of life as well.
  hub.join('1');
  await until(client, ({ presence }) => presence?.members.length === 1);
  hub.answersPings = false;
  const unanswered = once(hub, 'ping');
  vi.advanceTimersByTime(25_000);
  await unanswered;
  vi.advanceTimersByTime(9_999);
  expect(client.view.state).toBe('live');
  vi.advanceTimersByTime(1);
  expect(client.view.state).toBe('waiting');
});

test('offline it waits for the network however long that takes, and comes back at once', async () => {
  const page = new EventTarget();
  const navigator = { onLine: true };
  vi.stubGlobal('navigator', navigator);
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
  const { client, errors, states } = follow(hub);
  await live(client);
  navigator.onLine = false;
  page.dispatchEvent(new Event('offline'));
  expect(client.view.state).toBe('offline');
  vi.advanceTimersByTime(3_600_000);
  navigator.onLine = true;
  const next = nextAuth(hub);
  page.dispatchEvent(new Event('online'));
  expect((await next).auth.since).toEqual({ epoch: 'epoch-1', seq: 0 });
  await inState(client, 'live');
  expect(hub.connections).toBe(2);
  expect(errors).toEqual([]);
  expect(states).toEqual(['connecting', 'live', 'offline', 'connecting', 'live']);
  client.close();
  page.dispatchEvent(new Event('online'));
  expect(client.view.state).toBe('closed');
});

test('started offline, it does not try', async () => {
  vi.stubGlobal('navigator', { onLine: false });
  const { client, states } = follow(hub);
  vi.advanceTimersByTime(120_000);
  expect(states).toEqual(['offline']);
  expect(hub.connections).toBe(0);
  client.close();
});

test('a hidden page is in no hurry and does not give up; looked at again, it connects at once', async () => {
  const document = Object.assign(new EventTarget(), { visibilityState: 'hidden' });
  vi.stubGlobal('document', document);
  await hub.stop();
  const { client, errors } = follow(hub);
  for (let attempt = 0; attempt < 5; attempt += 1) {
    await inState(client, 'waiting');
    vi.advanceTimersByTime(15_999);
    expect(client.view.state).toBe('waiting');
    vi.advanceTimersByTime(1);
    expect(client.view.state).toBe('connecting');
  }
  await inState(client, 'waiting');
  vi.advanceTimersByTime(3_600_000);
  expect(client.view.state).toBe('waiting');
  expect(errors).toEqual([]);
  await hub.start();
  document.visibilityState = 'visible';
  document.dispatchEvent(new Event('visibilitychange'));
  await live(client);
});

test('looked at again, a connection that seems alive has to prove it', async () => {
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  vi.stubGlobal('document', document);
  hub.answersPings = false;
  const { client } = follow(hub);
  await live(client);
  const ping = once(hub, 'ping');
  document.dispatchEvent(new Event('visibilitychange'));
  await ping;
  vi.advanceTimersByTime(10_000);
  expect(client.view.state).toBe('waiting');
});

import { once } from 'node:events';
import { DeepgramClient } from '@deepgram/sdk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VirtualClock } from '../time/virtual-clock.ts';
import { DeepgramControl } from './control-client.ts';
import {
  apiKey,
  BareClient,
  clips,
  finalsOf,
  pcmOf,
  query,
  refusalOf,
  silence,
  textOf,
  transcriptOf,
} from './deepgram-test-kit.ts';
import { DeepgramServer } from './server.ts';

let clock: VirtualClock;
let server: DeepgramServer;
let url: string;
let control: DeepgramControl;

beforeEach(async () => {
  clock = new VirtualClock();
  server = new DeepgramServer({ apiKey, clips: clips.values(), clock, faults: { concurrency: 2 } });
  url = await server.listen();
  control = new DeepgramControl(url);
});
afterEach(() => server.close());

test('above the limit of connections, and for the next n connects, there is a 429', async () => {
  const open = [await BareClient.open(url), await BareClient.open(url)];
  expect(await refusalOf(url)).toMatchObject({ status: 429, body: { err_code: 'TOO_MANY_REQUESTS' } });
  await open[0]?.finish();
  await control.setFaults({ refuseConnects: 1 });
  expect((await refusalOf(url)).status).toBe(429);
  await BareClient.open(url);
  expect(await control.accounting()).toMatchObject({ open: 2, peak: 2, total: 3, refused: 2 });
});

test('connections are closed with 1011: all that are open, or the next', async () => {
  const client = await BareClient.open(url);
  expect(await control.closeAll()).toBe(1);
  expect((await client.closed).code).toBe(1011);
  await control.setFaults({ closeConnects: 1 });
  expect((await new BareClient(url).closed).code).toBe(1011);
  expect(finalsOf(await (await BareClient.open(url)).finish())).toEqual([]);
});

test('connections are reset in the middle of an utterance: the next, or all', async () => {
  await control.setFaults({ resetConnects: { count: 1, afterAudioSeconds: 0.5 } });
  const client = await BareClient.open(url);
  client.send(pcmOf('dan-1'));
  expect((await client.closed).code).toBe(1006);
  const others = [await BareClient.open(url), await BareClient.open(url)];
  expect(await control.resetAll()).toBe(2);
  expect((await Promise.all(others.map(({ closed }) => closed))).map(({ code }) => code)).toEqual([1006, 1006]);
  const [broken] = (await control.accounting()).connections;
  expect(broken).toMatchObject({ closeCode: 1006 });
  expect(broken?.audioSeconds).toBeCloseTo(0.5, 5);
});

test('opening and results can be slow, in their order', async () => {
  await control.setFaults({ openDelayMs: 3_000 });
  const slow = new BareClient(url, query({ endpointing: 'false' }));
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const after = clock.after.bind(clock);
  clock.after = (milliseconds, action) => {
    resolve();
    return after(milliseconds, action);
  };
  await asked;
  clock.advance(2_999);
  expect(server.accounting().open).toBe(0);
  clock.advance(1);
  await once(slow.socket, 'open');
  await control.setFaults({ openDelayMs: 0, resultDelayMs: 1_000 });
  const { promise: heard, resolve: hear } = Promise.withResolvers<void>();
  clock.after = (milliseconds, action) => {
    if (milliseconds === 1_000) hear();
    return after(milliseconds, action);
  };
  slow.send(pcmOf('ada-3'));
  slow.command({ type: 'Finalize' });
  await heard;
  clock.advance(999);
  expect(slow.messages).toEqual([]);
  clock.advance(1);
  expect(transcriptOf(await slow.message(() => true))).toBe(textOf('ada-3'));
});

test('answers to Finalize can be lost, and their words with them', async () => {
  await control.setFaults({ dropFromFinalize: 1 });
  const client = await BareClient.open(url, query({ endpointing: 'false' }));
  client.send(Buffer.concat([pcmOf('ben-3'), silence(0.2)]));
  client.command({ type: 'Finalize' });
  client.send(Buffer.concat([pcmOf('ada-1'), silence(0.2)]));
  client.command({ type: 'Finalize' });
  expect(transcriptOf(await client.message(() => true))).toBe(textOf('ada-1'));
  expect((await control.faults()).dropFromFinalize).toBe(0);
});

test('the silence limit can be shorter, for open connections too', async () => {
  const client = await BareClient.open(url);
  await control.setFaults({ silenceLimitMs: 500 });
  clock.advance(500);
  expect(await client.closed).toEqual({ code: 1011, reason: expect.stringContaining('NET-0001') });
  expect((await control.clearFaults()).silenceLimitMs).toBe(10_000);
});

test('prerecorded requests fail and then work, as the SDK sees it', async () => {
  await control.setFaults({ failRequests: { count: 2, status: 503 } });
  const client = new DeepgramClient({ apiKey, baseUrl: url });
  const ask = (maxRetries: number) =>
    client.listen.v1.media.transcribeFile(
      pcmOf('dan-2'),
      { model: 'nova-3', encoding: 'linear16' },
      { maxRetries, queryParams: { sample_rate: 16_000 } },
    );
  await expect(ask(0)).rejects.toMatchObject({ statusCode: 503 });
  await expect(ask(0)).rejects.toMatchObject({ statusCode: 503 });
  expect(await ask(0)).toMatchObject({ metadata: { channels: 1 } });
});

test('control refuses what it does not know, by name', async () => {
  await expect(control.setFaults({ refuseConnects: -1 })).rejects.toMatchObject({ code: 'invalid_input' });
  const answer = await fetch(`${url}/control/explode`, { method: 'POST' });
  expect([answer.status, await answer.json()]).toMatchObject([404, { code: 'unknown_operation' }]);
});

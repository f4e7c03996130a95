import { once } from 'node:events';
import { DeepgramClient } from '@deepgram/sdk';
import { Decoder } from '@evan/opus';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { VirtualClock } from '../time/virtual-clock.ts';
import {
  apiKey,
  BareClient,
  clips,
  finalsOf,
  pcmOf,
  pieces,
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

beforeEach(async () => {
  clock = new VirtualClock();
  server = new DeepgramServer({ apiKey, clips: clips.values(), clock });
  url = await server.listen();
});
afterEach(() => server.close());

test('the SDK streams a clip and gets interim results, finals and the metadata', async () => {
  const ws = url.replace('http', 'ws');
  const client = new DeepgramClient({ apiKey, environment: { base: url, production: ws, agent: ws, agentRest: url } });
  const socket = await client.listen.v1.connect({
    model: 'nova-3',
    encoding: 'linear16',
    sample_rate: 16_000,
    interim_results: 'true',
    smart_format: 'true',
    endpointing: 300,
    keyterm: ['harbour', 'dice'],
    reconnectAttempts: 0,
  });
  socket.connect();
  await socket.waitForOpen();
  for (const piece of pieces(Buffer.concat([pcmOf('ben-2'), silence(0.6)]))) socket.sendMedia(piece);
  socket.sendKeepAlive({ type: 'KeepAlive' });
  socket.sendCloseStream({ type: 'CloseStream' });
  const [interim, finals, metadata]: [string[], string[], object[]] = [[], [], []];
  for await (const message of socket) {
    if (message.type === 'Metadata') metadata.push(message);
    if (message.type !== 'Results') continue;
    const transcript = message.channel.alternatives[0]?.transcript ?? '';
    expect(message.channel_index).toEqual([0, 1]);
    (message.is_final ? finals : interim).push(transcript);
  }
  expect(finals.filter((text) => text !== '').join(' ')).toBe(textOf('ben-2'));
  expect(interim).toContain('Our dice are');
  expect(metadata).toMatchObject([{ channels: 1, duration: 3.3, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
  const { connections, ...totals } = server.accounting();
  expect(totals).toMatchObject({ open: 0, peak: 1, total: 1, keepAlives: 1, billed: { audio: 3.3, connection: 0 } });
  expect(connections).toMatchObject([{ closeCode: 1000, audioSeconds: 3.3 }]);
});

test('Finalize gives what was heard by then; nothing is said twice; times are audio time', async () => {
  const client = await BareClient.open(url, query({ endpointing: 'false' }));
  const [clip, words] = [pcmOf('ben-2'), clips.get('ben-2')?.words ?? []];
  const cut = 1.2 * 32_000;
  client.send(silence(1));
  client.send(clip.subarray(0, cut));
  client.command({ type: 'Finalize' });
  const first = await client.message(({ from_finalize }) => from_finalize === true);
  expect(transcriptOf(first)).toBe('Our dice are loaded,');
  expect(first).toMatchObject({ is_final: true, speech_final: true, start: 0, duration: 2.2 });
  const heard = first.channel?.alternatives[0]?.words ?? [];
  expect(heard.map(({ word }) => word)).toEqual(['our', 'dice', 'are', 'loaded']);
  for (const [index, { start }] of heard.entries()) expect(start).toBeCloseTo(1 + (words[index]?.start ?? 0), 1);
  // A KeepAlive and time do not move the audio on.
  client.command({ type: 'KeepAlive' });
  clock.advance(5_000);
  client.send(clip.subarray(cut));
  const messages = await client.finish();
  expect(finalsOf(messages)).toEqual(['Our dice are loaded,', 'but do not tell.']);
  expect(messages.at(-2)?.start).toBeCloseTo(2.2, 3);
  expect(messages.at(-1)).toMatchObject({ type: 'Metadata', duration: 3.7 });
});

test('a pause makes a result final; SpeechStarted and UtteranceEnd come when asked for', async () => {
  const parameters = query({
    endpointing: '500',
    vad_events: 'true',
    interim_results: 'true',
    utterance_end_ms: '1000',
  });
  const client = await BareClient.open(url, parameters);
  client.send(Buffer.concat([pcmOf('ada-1'), silence(2), pcmOf('dan-3'), silence(0.1)]));
  const messages = await client.finish();
  expect(finalsOf(messages)).toEqual([textOf('ada-1'), textOf('dan-3')]);
  expect(messages.find((message) => message.is_final && transcriptOf(message) !== '')).toMatchObject({
    speech_final: true,
  });
  expect(messages.filter(({ type }) => type === 'SpeechStarted').length).toBeGreaterThanOrEqual(2);
  const [utterance] = messages.filter(({ type }) => type === 'UtteranceEnd');
  expect(utterance?.last_word_end).toBeCloseTo(1.98, 1);
});

test('channels are heard apart, and each can be made final alone', async () => {
  const client = await BareClient.open(url, query({ channels: '2', multichannel: 'true', endpointing: 'false' }));
  const [left, right] = [pcmOf('ada-2'), pcmOf('cleo-1')];
  const frames = Math.min(left.length, right.length) / 2;
  const both = Buffer.alloc(frames * 4);
  for (let index = 0; index < frames; index += 1) {
    both.writeInt16LE(left.readInt16LE(index * 2), index * 4);
    both.writeInt16LE(right.readInt16LE(index * 2), index * 4 + 2);
  }
  // Messages need not end at a sample's end.
  client.socket.send(both.subarray(0, 33_333));
  client.socket.send(both.subarray(33_333));
  client.command({ type: 'Finalize', channel: 1 });
  const only = await client.message(({ from_finalize }) => from_finalize === true);
  expect([only.channel_index, transcriptOf(only)]).toEqual([[1, 2], textOf('cleo-1')]);
  const rest = (await client.finish()).filter((message) => message.type === 'Results' && message !== only);
  expect(rest.map((message) => [message.channel_index, transcriptOf(message)])).toEqual([[[0, 2], textOf('ada-2')]]);
  expect(server.accounting().billed.audio).toBeCloseTo((frames / 16_000) * 2, 5);
});

test('48 kHz and raw Opus packets are heard as well', async () => {
  const high = await BareClient.open(url, query({ encoding: 'opus', sample_rate: '48000', endpointing: 'false' }));
  for (const packet of clips.get('cleo-3')?.packets ?? []) high.socket.send(packet);
  expect(finalsOf(await high.finish())).toEqual([textOf('cleo-3')]);
  const decoder = new Decoder({ channels: 1, sample_rate: 48_000 });
  const wide = await BareClient.open(url, query({ sample_rate: '48000', endpointing: 'false' }));
  for (const packet of clips.get('dan-1')?.packets ?? []) wide.socket.send(decoder.decode(packet));
  expect(finalsOf(await wide.finish())).toEqual([textOf('dan-1')]);
});

test('wrong keys and wrong queries are refused before the connection opens, each by name', async () => {
  const wrong = await refusalOf(url, query(), 'guess');
  expect(wrong).toMatchObject({
    status: 401,
    body: { err_code: 'INVALID_AUTH', request_id: wrong.headers['dg-request-id'] },
  });
  const refused = async (parameters: Record<string, string>) => {
    const { status, body } = await refusalOf(url, query(parameters));
    expect([status, body.err_code]).toEqual([400, 'INVALID_QUERY_PARAMETER']);
    return body.err_msg;
  };
  expect(await refused({ channels: '21' })).toBe('channels: must be at most 20');
  expect(await refused({ encoding: 'mp3' })).toMatch(/^encoding: must be one of linear16/);
  expect(await refused({ encoding: 'flac' })).toMatch(/^encoding: is known to the service, but not decoded here/);
  expect(await refused({ interim_results: 'yes' })).toBe('interim_results: must be true or false');
  expect(await refused({ endpointing: 'soon' })).toMatch(/^endpointing: /);
  expect(await refused({ model: 'nova-9' })).toMatch(/^model: /);
  const parameters = query();
  parameters.delete('sample_rate');
  expect((await refusalOf(url, parameters)).body.err_msg).toBe('sample_rate: is mandatory with encoding');
  expect(server.accounting()).toMatchObject({ refused: 8, total: 0 });
});

test('a browser may give its key as subprotocol', async () => {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/listen?${query()}`, ['token', apiKey]);
  await once(socket, 'open');
  expect(socket.protocol).toBe('token');
  socket.terminate();
});

test('10 s without audio or KeepAlive close the connection with NET-0001', async () => {
  const client = await BareClient.open(url, query({ endpointing: 'false' }));
  clock.advance(9_000);
  client.command({ type: 'KeepAlive' });
  client.send(silence(0.1));
  client.command({ type: 'Finalize' });
  await client.message(({ from_finalize }) => from_finalize === true);
  clock.advance(9_999);
  expect(server.accounting().open).toBe(1);
  clock.advance(1);
  expect(await client.closed).toEqual({ code: 1011, reason: expect.stringContaining('NET-0001') });
  expect(server.accounting().billed.connection).toBe(19);
});

test('unknown commands and bytes that are no audio end the connection with 1008', async () => {
  const talker = await BareClient.open(url);
  talker.command({ type: 'Hello' });
  expect((await talker.closed).code).toBe(1008);
  expect(talker.messages).toMatchObject([{ type: 'Error', variant: 'UNPARSABLE_CLIENT_MESSAGE' }]);
  const noise = await BareClient.open(url, query({ encoding: 'opus' }));
  noise.socket.send(Buffer.from([0xff, 0xff, 0xff]));
  expect(await noise.closed).toEqual({ code: 1008, reason: expect.stringContaining('DATA-0000') });
});

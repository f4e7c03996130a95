import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DeepgramClient } from '@deepgram/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeOggOpus } from '../clips/ogg-opus.ts';
import { apiKey, clips, pcmOf, silence, textOf } from './deepgram-test-kit.ts';
import { DeepgramServer } from './server.ts';

const server = new DeepgramServer({ apiKey, clips: clips.values() });
let url: string;
let client: DeepgramClient;
beforeAll(async () => {
  url = await server.listen();
  client = new DeepgramClient({ apiKey, baseUrl: url });
});
afterAll(() => server.close());

/** A WAV file of 16-bit PCM. */
function wavOf(pcm: Buffer, sampleRate: number, channels: number): Buffer {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(36 + pcm.length, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(sampleRate, 24);
  head.writeUInt32LE(sampleRate * channels * 2, 28);
  head.writeUInt16LE(channels * 2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36, 'latin1');
  head.writeUInt32LE(pcm.length, 40);
  return Buffer.concat([head, pcm]);
}

const oggOf = (...names: string[]) => writeOggOpus(names.flatMap((name) => clips.get(name)?.packets ?? []));
const post = (body: Buffer | string, search = 'model=nova-3', type = 'audio/wav') =>
  fetch(`${url}/v1/listen?${search}`, {
    method: 'POST',
    headers: { authorization: `Token ${apiKey}`, 'content-type': type },
    body,
  });

test('the SDK has an Ogg Opus file transcribed, with its utterances', async () => {
  const answer = await client.listen.v1.media.transcribeFile(oggOf('ada-2', 'dan-2'), {
    model: 'nova-3',
    smart_format: true,
    utterances: true,
    utt_split: 0.3,
  });
  if (!('results' in answer)) throw new Error('a callback was answered, which nobody asked for');
  const [alternative] = answer.results.channels[0]?.alternatives ?? [];
  expect(alternative?.transcript).toBe(`${textOf('ada-2')} ${textOf('dan-2')}`);
  expect(alternative?.words?.[7]).toMatchObject({ word: 'it', punctuated_word: 'It' });
  expect(alternative?.words?.[7]?.start).toBeCloseTo(2.14, 1);
  expect(answer.results.utterances?.map(({ transcript }) => transcript)).toEqual([textOf('ada-2'), textOf('dan-2')]);
  expect(answer.metadata).toMatchObject({ channels: 1 });
  expect(answer.metadata.duration).toBeCloseTo(5.12, 1);
});

test('a WAV file is read channel by channel, and a url is fetched', async () => {
  const [left, right] = [Buffer.concat([pcmOf('ben-1'), silence(1)]), Buffer.concat([silence(0.5), pcmOf('cleo-2')])];
  const frames = Math.min(left.length, right.length) / 2;
  const both = Buffer.alloc(frames * 4);
  for (let index = 0; index < frames; index += 1) {
    both.writeInt16LE(left.readInt16LE(index * 2), index * 4);
    both.writeInt16LE(right.readInt16LE(index * 2), index * 4 + 2);
  }
  const files = createServer((_, response) => response.end(wavOf(both, 16_000, 2)));
  await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve));
  const answer = await client.listen.v1.media.transcribeUrl({
    url: `http://127.0.0.1:${(files.address() as AddressInfo).port}/both.wav`,
    model: 'nova-3',
    multichannel: true,
  });
  files.close();
  files.closeAllConnections();
  if (!('results' in answer)) throw new Error('a callback was answered, which nobody asked for');
  // Neither punctuation nor capitals unless asked for.
  expect(answer.results.channels.map(({ alternatives }) => alternatives?.[0]?.transcript)).toEqual([
    'good evening this is the harbour',
    'which game are you playing',
  ]);
  expect(server.accounting().prerecorded.channelSeconds).toBeGreaterThan((frames / 16_000) * 2);
});

test('what cannot be read is refused in the form of the service', async () => {
  const refused = async (answer: Response) => [answer.status, ((await answer.json()) as { err_code: string }).err_code];
  expect(await refused(await post('no audio at all'))).toEqual([400, 'Bad Request']);
  const torn = oggOf('ada-1').subarray(0, 5_000);
  expect(await refused(await post(torn))).toEqual([400, 'Bad Request']);
  expect(await refused(await post('{"url":"ftp://here"}', '', 'application/json'))).toEqual([400, 'PAYLOAD_ERROR']);
  const away = '{"url":"http://127.0.0.1:1/"}';
  expect(await refused(await post(away, '', 'application/json'))).toEqual([400, 'REMOTE_CONTENT_ERROR']);
  expect(await refused(await post(pcmOf('ada-1'), 'encoding=linear16'))).toEqual([400, 'INVALID_QUERY_PARAMETER']);
  const stranger = new DeepgramClient({ apiKey: 'guess', baseUrl: url });
  await expect(stranger.listen.v1.media.transcribeFile(oggOf('ada-1'), { model: 'nova-3' })).rejects.toMatchObject({
    statusCode: 401,
  });
});

/** What the tests of the stand-in share: clips as PCM, and a bare websocket client that says what it saw. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { Clip } from '../clips/clip.ts';
import { loadClips } from '../clips/library.ts';
import { decodeAll } from '../hearing/decode.ts';

export const apiKey = 'test-key';
export const clips: Map<string, Clip> = await loadClips();
export const textOf = (name: string): string => clips.get(name)?.text ?? '';

/** A clip as linear16 at 16 kHz, mono. */
export function pcmOf(name: string): Buffer {
  const samples = decodeAll(clips.get(name)?.packets ?? []);
  return Buffer.from(Int16Array.from(samples, (sample) => sample * 32_767).buffer);
}
/** Silence as linear16 at 16 kHz, mono. */
export const silence = (seconds: number): Buffer => Buffer.alloc(Math.round(seconds * 16_000) * 2);
/** Pieces of 100 ms. */
export const pieces = (pcm: Buffer): Buffer[] =>
  Array.from({ length: Math.ceil(pcm.length / 3_200) }, (_, index) => pcm.subarray(index * 3_200, (index + 1) * 3_200));

export interface Message {
  type: string;
  is_final?: boolean;
  from_finalize?: boolean;
  speech_final?: boolean;
  start?: number;
  duration?: number;
  channel_index?: number[];
  channel?: { alternatives: { transcript: string; words: { word: string; start: number; end: number }[] }[] };
  variant?: string;
  last_word_end?: number;
}
export const transcriptOf = ({ channel }: Message): string => channel?.alternatives[0]?.transcript ?? '';
/** The transcripts of all final results, those without words left out. */
export const finalsOf = (messages: Message[]): string[] =>
  messages
    .filter(({ is_final }) => is_final)
    .map(transcriptOf)
    .filter((text) => text !== '');

export const query = (more: Record<string, string> = {}): URLSearchParams =>
  new URLSearchParams({ model: 'nova-3', encoding: 'linear16', sample_rate: '16000', punctuate: 'true', ...more });

/** A websocket to `/v1/listen` that keeps what comes in. */
export class BareClient {
  readonly socket: WebSocket;
  readonly messages: Message[] = [];
  /** Code and reason. 1006 when the connection broke. */
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #waiting = new Set<() => void>();

  constructor(url: string, parameters: URLSearchParams = query(), key: string = apiKey) {
    const address = `${url.replace('http', 'ws')}/v1/listen?${parameters}`;
    this.socket = new WebSocket(address, { headers: { authorization: `Token ${key}` } });
    this.socket.on('message', (data) => {
      this.messages.push(JSON.parse(String(data)));
      for (const look of this.#waiting) look();
    });
    // A broken connection is also told by `closed`.
    this.socket.on('error', () => this.socket.terminate());
    this.closed = once(this.socket, 'close').then(([code, reason]) => ({ code, reason: String(reason) }));
  }

  static async open(url: string, parameters?: URLSearchParams): Promise<BareClient> {
    const client = new BareClient(url, parameters);
    await once(client.socket, 'open');
    return client;
  }

  send(pcm: Buffer): void {
    for (const piece of pieces(pcm)) this.socket.send(piece);
  }

  command(command: object): void {
    this.socket.send(JSON.stringify(command));
  }

  /** The first message that fits, from those that are there already on. */
  message(fits: (message: Message) => boolean): Promise<Message> {
    return new Promise((resolve) => {
      const look = () => {
        const found = this.messages.find(fits);
        if (!found) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Ends the stream; all messages of it. */
  async finish(): Promise<Message[]> {
    this.command({ type: 'CloseStream' });
    await this.closed;
    return this.messages;
  }
}

/** Status, headers and body with which a connect was refused. */
export async function refusalOf(
  url: string,
  parameters?: URLSearchParams,
  key?: string,
): Promise<{ status: number | undefined; headers: Record<string, unknown>; body: Record<string, string> }> {
  const { socket } = new BareClient(url, parameters, key);
  const [, response] = await once(socket, 'unexpected-response');
  let text = '';
  for await (const piece of response) text += piece;
  return { status: response.statusCode, headers: response.headers, body: JSON.parse(text) };
}

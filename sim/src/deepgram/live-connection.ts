/** One open `/v1/listen` websocket: audio in, results out. https://developers.deepgram.com/docs/lower-level-websockets */
import { createHash } from 'node:crypto';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { z } from 'zod';
import type { SoundLibrary } from '../hearing/sound-library.ts';
import type { Clock } from '../time/clock.ts';
import type { Accounting, ConnectionAccount } from './accounting.ts';
import { type AudioStream, audioStreamOf } from './audio-stream.ts';
import { ChannelTranscript, type TranscriptEvent, type TranscriptResult } from './channel-transcript.ts';
import type { Faults } from './faults.ts';
import type { ListenQuery } from './query.ts';
import { metadataOf, resultsMessage } from './shapes.ts';

const commandSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('KeepAlive') }),
  z.object({ type: z.literal('Finalize'), channel: z.number().int().nonnegative().optional() }),
  z.object({ type: z.literal('CloseStream') }),
]);

const closings = {
  silent: [1011, 'NET-0001: Deepgram did not receive audio data or a text message within the timeout window.'],
  failed: [1011, 'NET-0000: The service has not transmitted a text frame within the timeout window.'],
  noAudio: [1008, 'DATA-0000: The payload cannot be decoded as audio.'],
  done: [1000, ''],
} as const satisfies Record<string, readonly [number, string]>;

export interface LiveParts {
  library: SoundLibrary;
  clock: Clock;
  faults: Faults;
  accounting: Accounting;
  /** Called once, when the connection is over: as soon as that is decided here, or when the client is gone. */
  onEnd: (connection: LiveConnection) => void;
}

export class LiveConnection {
  readonly #socket: WebSocket;
  readonly #wire: Duplex;
  readonly #query: ListenQuery;
  readonly #requestId: string;
  readonly #parts: LiveParts;
  readonly #audio: AudioStream;
  readonly #channels: ChannelTranscript[];
  readonly #account: ConnectionAccount;
  readonly #hash = createHash('sha256');
  readonly #resetAfter: number | undefined;
  #lastSeen: number;
  /** When the newest message goes out: later ones never overtake it. */
  #sendAt = 0;
  #ending = false;
  #unwatch: (() => void) | undefined;
  readonly #timers = new Set<() => void>();

  constructor(socket: WebSocket, wire: Duplex, query: ListenQuery, requestId: string, parts: LiveParts) {
    this.#socket = socket;
    this.#wire = wire;
    this.#query = query;
    this.#requestId = requestId;
    this.#parts = parts;
    this.#audio = audioStreamOf(query);
    const { sampleRate, channels, billedChannels } = this.#audio;
    const { interim_results: interimResults, endpointing, utterance_end_ms: utteranceEndMs } = query;
    const options = { sampleRate, interimResults, endpointing, utteranceEndMs };
    this.#channels = Array.from({ length: channels }, () => new ChannelTranscript(parts.library, options));
    this.#lastSeen = parts.clock.wall();
    this.#account = parts.accounting.opened(requestId, billedChannels, this.#lastSeen);
    this.#resetAfter = parts.faults.takeReset();
    socket.on('message', (data, isBinary) => this.#message(data as Buffer, isBinary));
    socket.on('error', () => wire.destroy());
    socket.once('close', (code) => this.#end(code));
    this.watchSilence();
    if (parts.faults.take('closeConnects')) this.fail();
    else if (this.#resetAfter === 0) this.reset();
  }

  get isOver(): boolean {
    return this.#account.closedAt !== null;
  }

  /** Closes with 1011, as the service does when it fails inside. */
  fail(): void {
    this.#close('failed');
  }

  /** Breaks the TCP connection without a goodbye. */
  reset(): void {
    this.#end(1006);
    if (this.#wire instanceof Socket) this.#wire.resetAndDestroy();
    else this.#wire.destroy();
  }

  #message(data: Buffer, isBinary: boolean): void {
    if (this.#ending) return;
    this.#lastSeen = this.#parts.clock.wall();
    if (!isBinary) this.#command(data.toString('utf8'));
    // An empty message ends the stream: the way of old clients.
    else if (data.length === 0) this.#closeStream();
    else this.#hear(data);
  }

  #hear(data: Buffer): void {
    let samples: Float32Array[];
    try {
      samples = this.#audio.decode(data);
    } catch {
      this.#close('noAudio');
      return;
    }
    this.#hash.update(data);
    for (const [index, channel] of this.#channels.entries()) {
      for (const event of channel.push(samples[index] ?? new Float32Array(0))) this.#tell(event, index);
    }
    this.#account.audioSeconds = this.#channels[0]?.received ?? 0;
    if (this.#resetAfter !== undefined && this.#account.audioSeconds >= this.#resetAfter) this.reset();
  }

  #command(text: string): void {
    const command = commandSchema.safeParse(parseJson(text));
    if (!command.success) {
      const description = 'The message is no JSON, or has a type that is not KeepAlive, Finalize or CloseStream.';
      this.#send({ type: 'Error', variant: 'UNPARSABLE_CLIENT_MESSAGE', description, message: text.slice(0, 200) });
      this.#close('noAudio');
      return;
    }
    switch (command.data.type) {
      case 'KeepAlive':
        this.#account.keepAlives += 1;
        break;
      case 'Finalize':
        this.#finalize(command.data.channel);
        break;
      case 'CloseStream':
        this.#closeStream();
        break;
    }
  }

  #finalize(only?: number): void {
    for (const [index, channel] of this.#channels.entries()) {
      if (only !== undefined && only !== index) continue;
      const result = channel.finalize();
      if (result && !this.#parts.faults.take('dropFromFinalize')) this.#tell(result, index);
    }
  }

  #closeStream(): void {
    for (const [index, channel] of this.#channels.entries()) {
      const rest = channel.finalize();
      if (rest) this.#tell({ ...rest, fromFinalize: false } satisfies TranscriptResult, index);
    }
    const about = {
      requestId: this.#requestId,
      sha256: this.#hash.digest('hex'),
      createdAt: this.#account.openedAt,
      duration: this.#account.audioSeconds,
      channels: this.#audio.channels,
    };
    this.#send({ type: 'Metadata', ...metadataOf(about, this.#query) });
    this.#close('done');
  }

  #tell(event: TranscriptEvent, channel: number): void {
    const { channels } = this.#audio;
    const place = { channel, channels, requestId: this.#requestId };
    if (event.kind === 'result') this.#send(resultsMessage(event, place, this.#query));
    else if (event.kind === 'utteranceEnd')
      this.#send({ type: 'UtteranceEnd', channel: [channel, channels], last_word_end: event.lastWordEnd });
    else if (this.#query.vad_events)
      this.#send({ type: 'SpeechStarted', channel: [channel, channels], timestamp: event.at });
  }

  #send(message: object): void {
    this.#inOrder(() => this.#socket.send(JSON.stringify(message)));
  }

  #close(why: keyof typeof closings): void {
    this.#ending = true;
    const [code, reason] = closings[why];
    this.#inOrder(() => {
      this.#end(code);
      this.#socket.close(code, reason);
    });
  }

  /** Now, or after the delay that is set; never before what was to go out earlier. */
  #inOrder(action: () => void): void {
    const { clock, faults } = this.#parts;
    const now = clock.wall();
    this.#sendAt = Math.max(this.#sendAt, now + faults.settings.resultDelayMs);
    if (this.#sendAt <= now) action();
    else this.#after(this.#sendAt - now, action);
  }

  #end(code: number): void {
    this.#ending = true;
    if (this.#account.closedAt !== null) return;
    this.#unwatch?.();
    for (const cancel of this.#timers) cancel();
    this.#parts.accounting.closed(this.#account, code, this.#parts.clock.wall());
    this.#parts.onEnd(this);
  }

  #after(milliseconds: number, action: () => void): void {
    const cancel = this.#parts.clock.after(milliseconds, () => {
      this.#timers.delete(cancel);
      action();
    });
    this.#timers.add(cancel);
  }

  /** Closes the connection when it has been silent for too long, and looks again when that could be; also after the limit has changed. */
  watchSilence(): void {
    const { clock, faults } = this.#parts;
    this.#unwatch?.();
    if (this.#ending) return;
    const left = this.#lastSeen + faults.settings.silenceLimitMs - clock.wall();
    if (left <= 0) this.#close('silent');
    else this.#unwatch = clock.after(left, () => this.watchSilence());
  }
}

/** No JSON reads as `undefined`, which is no command. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * What stands behind captions: a service that hears several channels of speech on one connection and tells what was said. Deepgram
 * is one; whatever keeps to these two interfaces can take its place (`captions/tiny-engine.ts` is another, for tests).
 *
 * The pool calls, the engine answers by `EngineEvents`. Nothing here waits, and nothing throws: what goes wrong is told by
 * `refused` or `closed`, exactly one of which is called, exactly once, for each connection.
 */

/** PCM for engines: 16 bits signed, little endian, so many samples a second for each channel. */
export const ENGINE_RATE = 16_000;

/** What a connection is opened with; it cannot be changed while it is open. */
export interface ConnectionOptions {
  /** Interleaved in lock-step. 1 or more. */
  channels: number;
  /** BCP 47, or `multi`. */
  language: string;
  /** Names and jargon that are recognised better. */
  keyterms: readonly string[];
}

export interface EngineWord {
  /** As it is to be read, with punctuation. */
  text: string;
  /** Seconds of audio that the channel was sent before it. */
  start: number;
  end: number;
}

/** What was understood of a stretch of one channel. Times are seconds of audio sent on the channel: silence that was not sent does not count. */
export interface EngineResult {
  channel: number;
  start: number;
  duration: number;
  /** As it is to be read; the words may say the same in pieces. */
  text: string;
  words: readonly EngineWord[];
  /** It stays so. Until then a stretch may be told again and again. */
  isFinal: boolean;
  /** It answers `finalize`: nothing that was sent before that is still to come. */
  fromFinalize: boolean;
}

export interface EngineEvents {
  opened(): void;
  result(result: EngineResult): void;
  /** It never opened. `limit`: there are too many connections; later it may work. */
  refused(refusal: { limit: boolean; code: string; message: string }): void;
  /** It was open and is no longer, whoever closed it. */
  closed(reason: { code: number; message: string }): void;
}

export interface EngineConnection {
  /** Interleaved PCM. The buffer is not touched afterwards. Call between `opened` and `closed` only, as all below but `close`. */
  send(pcm: Buffer): void;
  /** Asks for everything that was sent on a channel: it is told as final soon, also when nothing more follows. */
  finalize(channel: number): void;
  /** Says that the connection is wanted though nothing is sent. */
  keepAlive(): void;
  /** Ends the stream: what was sent is still told, then `closed` comes. */
  finish(): void;
  /** Ends it at once, also before it is open. */
  close(): void;
}

export interface CaptionEngine {
  /** For logs. */
  readonly name: string;
  open(options: ConnectionOptions, events: EngineEvents): EngineConnection;
}

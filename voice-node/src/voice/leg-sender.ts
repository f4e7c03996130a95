/** The sending side of a leg: RTP numbers, the greeting, op 5, and nothing in the clear. */
import type { VoiceConnection } from '@discordjs/voice';
import { type OutgoingPacket, SILENCE_FRAME } from '../audio/packet.ts';
import { now } from '../ops/clock.ts';
import type { Logger } from '../ops/logger.ts';
import { maySend } from './dave.ts';
import { OutgoingRtp } from './outgoing-rtp.ts';
import { readyNetworking } from './ready-networking.ts';

const STOP_SPEAKING_DEBOUNCE_MS = 100;
/** Discord starts to relay to a client after its first packets. */
const GREETING_FRAMES = 5;
const FRAME_MS = 20;
const FRAME_SAMPLES = 960;

export class LegSender {
  readonly counters = { sent: 0, heldBack: 0, failed: 0 };
  readonly #connection: VoiceConnection;
  readonly #logger: Logger;
  #rtp: OutgoingRtp | undefined;
  #ssrc = -1;
  #greeting = false;
  #closed = false;
  #stopTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(connection: VoiceConnection, logger: Logger) {
    this.#connection = connection;
    this.#logger = logger;
  }

  send(packet: OutgoingPacket): void {
    if (this.#greeting) {
      // Somebody's voice does what the greeting is for; its numbers must not be fitted to the greeting's.
      this.#greeting = false;
      this.newSender();
    }
    this.#transmit(packet);
  }

  /** Another sender takes over: its RTP numbers continue where the last one's stopped. */
  newSender(): void {
    this.#rtp?.newSender();
  }

  /** Announces silence by op 5 unless somebody sends within 100 ms. */
  stopSpeaking(): void {
    clearTimeout(this.#stopTimer);
    if (this.#closed) return;
    this.#stopTimer = setTimeout(() => this.#connection.setSpeaking(false), STOP_SPEAKING_DEBOUNCE_MS);
  }

  /** Five frames of silence, so that Discord starts to relay the channel's voices. Goes on while `isReady`. */
  greet(isReady: () => boolean): void {
    this.newSender();
    this.#greeting = true;
    let frame = 0;
    const startedAt = now();
    const next = (): void => {
      if (!isReady() || !this.#greeting) return;
      this.#transmit({ opus: SILENCE_FRAME, sequence: frame, timestamp: frame * FRAME_SAMPLES });
      frame += 1;
      if (frame < GREETING_FRAMES) setTimeout(next, Math.max(0, startedAt + frame * FRAME_MS - now()));
      else {
        this.#greeting = false;
        this.newSender();
        this.stopSpeaking();
      }
    };
    next();
  }

  /** Nothing leaves after this. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#stopTimer);
  }

  #transmit(packet: OutgoingPacket): void {
    const networking = readyNetworking(this.#connection);
    if (this.#closed || !networking || !maySend(networking.dave, packet.opus)) {
      this.counters.heldBack += 1;
      return;
    }
    clearTimeout(this.#stopTimer);
    const data = networking.connectionData;
    if (!this.#rtp || this.#ssrc !== data.ssrc) {
      this.#ssrc = data.ssrc;
      this.#rtp = new OutgoingRtp({ sequence: data.sequence, timestamp: data.timestamp, at: now() });
    }
    const { sequence, timestamp } = this.#rtp.map(packet, now());
    data.sequence = sequence;
    data.timestamp = timestamp;
    const { opus } = packet;
    // Announces by op 5 when it was silent, then sends at once.
    try {
      this.#connection.playOpusPacket(Buffer.from(opus.buffer, opus.byteOffset, opus.byteLength));
      this.counters.sent += 1;
    } catch (error) {
      // One packet that cannot be encrypted is one lost packet; thrown on, it would stop the bridge's tick for every leg.
      if (this.counters.failed % 1_000 === 0) this.#logger.error({ err: error }, 'a packet could not be sent');
      this.counters.failed += 1;
    }
  }
}

/** The page's ears and voice: sound between a browser and a person's place in a voice channel. */
import { Decoder, Encoder } from '@evan/opus';
import type { WebSocket } from 'ws';
import type { People } from '../members/people.ts';
import type { HeardPacket, LightMember } from '../voice/light-member.ts';
import type { VoiceState } from '../world/model.ts';
import type { World } from '../world/world.ts';
import { VoiceActivity } from './voice-activity.ts';

/** 20 ms of 48 kHz, 16 bit, one channel. */
const frameBytes = 960 * 2;

/**
 * One browser that acts as one person. It sends its microphone (messages of 20 ms: 960 samples, 16 bit little endian,
 * 48 kHz, mono) and gets what the person hears (messages of 4 bytes SSRC, little endian, and 20 ms of 16 bit stereo).
 */
export class PageSound {
  readonly #world: World;
  readonly #people: People;
  readonly #userId: string;
  readonly #socket: WebSocket;
  readonly #encoder = new Encoder({ channels: 1, sample_rate: 48_000, application: 'voip' });
  readonly #decoders = new Map<number, Decoder>();
  readonly #activity = new VoiceActivity();
  #member: LightMember | undefined;
  #stopListening: () => void = () => undefined;

  constructor(world: World, people: People, userId: string, socket: WebSocket) {
    this.#world = world;
    this.#people = people;
    this.#userId = userId;
    this.#socket = socket;
    const follow = ({ state }: { state: VoiceState }) => {
      if (state.userId === userId) this.#settle();
    };
    world.events.on('voiceState', follow);
    socket.on('message', (data) => this.#microphone(data as Buffer));
    socket.on('close', () => {
      world.events.off('voiceState', follow);
      this.#stopListening();
    });
    this.#settle();
  }

  /** Listens where the person is now. */
  #settle(): void {
    const member = this.#people.live(this.#userId);
    if (member === this.#member) return;
    this.#stopListening();
    this.#decoders.clear();
    this.#member = member;
    this.#stopListening = member?.listen((packet) => this.#heard(packet)) ?? (() => undefined);
  }

  #microphone(data: Buffer): void {
    if (data.length !== frameBytes) {
      this.#socket.close(1007, `a message is ${frameBytes} bytes: 20 ms of 16 bit mono at 48 kHz`);
      return;
    }
    if (!this.#member || !this.#mayBe('speak')) return;
    // A copy: the socket's buffer may begin at an odd byte.
    const samples = new Int16Array(new Uint8Array(data).buffer);
    if (this.#activity.hears(samples)) this.#member.feed(Buffer.from(this.#encoder.encode(samples)));
  }

  #heard({ ssrc, opus }: HeardPacket): void {
    if (!this.#mayBe('hear') || this.#socket.readyState !== this.#socket.OPEN) return;
    const decoder = this.#decoders.get(ssrc) ?? new Decoder({ channels: 2, sample_rate: 48_000 });
    this.#decoders.set(ssrc, decoder);
    const header = Buffer.alloc(4);
    header.writeUInt32LE(ssrc);
    this.#socket.send(Buffer.concat([header, decoder.decode(opus)]));
  }

  /** What the person muted or deafened themselves to, or a moderator did. */
  #mayBe(what: 'speak' | 'hear'): boolean {
    const [state] = this.#world.voice.of(this.#userId);
    const member = state && this.#world.guild(state.guildId).members.get(this.#userId);
    if (!state || !member) return false;
    const deaf = state.selfDeaf || member.deaf;
    return what === 'hear' ? !deaf : !(state.selfMute || member.mute || deaf);
  }
}

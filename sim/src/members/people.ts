/** Simulated people in voice: follows the world's voice states with light members of the voice server. */
import type { Clip } from '../clips/clip.ts';
import type { VideoClip } from '../clips/video.ts';
import type { HeardPacket, LightMember, SpokenPacket } from '../voice/light-member.ts';
import type { DaveVersion } from '../voice/participant.ts';
import type { VideoCodec } from '../voice/video/streams.ts';
import type { VoiceServer } from '../voice/voice-server.ts';
import { WorldError } from '../world/errors.ts';
import type { VoiceState } from '../world/model.ts';
import type { World } from '../world/world.ts';

interface Person {
  /** Stays of the person in voice channels, oldest first; the last one may be live. */
  stays: LightMember[];
  live: LightMember | undefined;
  /** How much of the oldest kept stay was cleared away. */
  clearedHeard: number;
  clearedSpoken: number;
  /** Resolves when nothing more is being spoken. */
  silent: Promise<void>;
  maxDaveVersion: DaveVersion;
  /** Undefined: a random one, as devices have. */
  skewPpm: number | undefined;
  videoCodec: VideoCodec;
  leaving: Promise<void>;
}

export class People {
  readonly #world: World;
  readonly #voice: Pick<VoiceServer, 'addMember'>;
  readonly #videoClips: ReadonlyMap<VideoCodec, VideoClip>;
  readonly #people = new Map<string, Person>();

  /** `videoClips`: what cameras show; without a clip of a codec they show nothing. */
  constructor(
    world: World,
    voice: Pick<VoiceServer, 'addMember'>,
    videoClips: ReadonlyMap<VideoCodec, VideoClip> = new Map(),
  ) {
    this.#world = world;
    this.#videoClips = videoClips;
    this.#voice = voice;
    world.events.on('voiceState', ({ state, previous }) => this.#follow(state, previous));
  }

  /** Resolves when the person can speak and hear (has joined the encrypted group). Throws `not_in_voice`. */
  async ready(userId: string): Promise<void> {
    await this.#live(userId).ready();
  }

  /** Begins to speak; resolves with the instant (ms since the epoch) of the first packet. */
  async speak(userId: string, clip: Clip): Promise<{ startedAt: number; firstTimestamp: number; packets: number }> {
    const member = this.#live(userId);
    await member.ready();
    const speech = member.speak(clip);
    const person = this.#person(userId);
    // Leaving cuts the speech short, which is an end of speaking like any other.
    const finished = speech.finished.catch(() => undefined);
    person.silent = Promise.all([person.silent, finished]).then(() => undefined);
    return { ...(await speech.started), packets: clip.packets.length };
  }

  /** Where the person is in voice at this moment, if anywhere. */
  live(userId: string): LightMember | undefined {
    return this.#person(userId).live;
  }

  async waitUntilSilent(userId: string): Promise<void> {
    await this.#person(userId).silent;
  }

  /** Everything heard since the start or the last `clear`, over all stays. */
  heard(userId: string): HeardPacket[] {
    const { stays, clearedHeard } = this.#person(userId);
    return stays.flatMap((stay) => stay.heard).slice(clearedHeard);
  }

  spoken(userId: string): SpokenPacket[] {
    const { stays, clearedSpoken } = this.#person(userId);
    return stays.flatMap((stay) => stay.spoken).slice(clearedSpoken);
  }

  /** Frames that could not be decrypted, over all stays. */
  failures(userId: string): number {
    return this.#person(userId).stays.reduce((sum, stay) => sum + stay.failures, 0);
  }

  clear(userId: string): void {
    const person = this.#person(userId);
    person.stays = person.live ? [person.live] : [];
    person.clearedHeard = person.live?.heard.length ?? 0;
    person.clearedSpoken = person.live?.spoken.length ?? 0;
  }

  changeSsrc(userId: string, ssrc: number): void {
    this.#live(userId).changeSsrc(ssrc);
  }

  /** Rate of the person's device, in parts per million faster than real time; also in the channels they join later. */
  setSkew(userId: string, ppm: number): void {
    const person = this.#person(userId);
    person.skewPpm = ppm;
    person.live?.setSkew(ppm);
  }

  /** The highest version of DAVE that the person's client speaks, from the next time they join. */
  setDaveVersion(userId: string, version: DaveVersion): void {
    this.#person(userId).maxDaveVersion = version;
  }

  /** The camera goes on; from the next time it goes on it shows this codec. Publishing follows the voice state. */
  publish(userId: string, codec: VideoCodec): void {
    const { channelId } = this.#live(userId);
    this.#person(userId).videoCodec = codec;
    this.#world.voice.enter(channelId, userId, { selfVideo: false }, 'self');
    this.#world.voice.enter(channelId, userId, { selfVideo: true }, 'self');
  }

  unpublish(userId: string): void {
    this.#world.voice.enter(this.#live(userId).channelId, userId, { selfVideo: false }, 'self');
  }

  async close(): Promise<void> {
    const people = [...this.#people.values()];
    await Promise.all(people.map(({ live }) => live?.leave()));
    await Promise.all(people.map(({ leaving }) => leaving));
  }

  #follow(state: VoiceState, previous: VoiceState | undefined): void {
    const { guildId, userId, channelId } = state;
    if (this.#world.user(userId).bot) return;
    const person = this.#person(userId);
    if (channelId === previous?.channelId) {
      if (state.selfVideo !== previous?.selfVideo) this.#film(person, state.selfVideo);
      return;
    }
    const { live } = person;
    person.live = undefined;
    if (live) {
      const left = live.leave();
      person.leaving = Promise.all([person.leaving, left]).then(() => undefined);
    }
    if (channelId === null) return;
    const { maxDaveVersion, skewPpm } = person;
    person.live = this.#voice.addMember({ guildId, channelId, userId, maxDaveVersion, skewPpm });
    person.stays.push(person.live);
    if (state.selfVideo) this.#film(person, true);
  }

  #film({ live, videoCodec }: Person, on: boolean): void {
    const clip = this.#videoClips.get(videoCodec);
    if (on && clip) live?.publish(clip);
    else live?.unpublish();
  }

  #live(userId: string): LightMember {
    const { live } = this.#person(userId);
    if (!live) throw new WorldError('not_in_voice', `user ${userId} is in no voice channel; let them join one first`);
    return live;
  }

  #person(userId: string): Person {
    if (this.#world.user(userId).bot)
      throw new WorldError('not_a_person', `user ${userId} is a bot and has its own client; choose a person`);
    const person = this.#people.get(userId) ?? {
      stays: [],
      live: undefined,
      clearedHeard: 0,
      clearedSpoken: 0,
      silent: Promise.resolve(),
      maxDaveVersion: 1,
      skewPpm: undefined,
      videoCodec: 'VP8',
      leaving: Promise.resolve(),
    };
    this.#people.set(userId, person);
    return person;
  }
}

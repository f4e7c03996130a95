import type { EventEmitter } from 'node:events';
import type { VoiceCounters } from './counters.ts';
import { ExternalSender } from './mls/proposal.ts';
import { Room, type RoomOptions } from './room.ts';
import type { VoiceServerEvents } from './voice-server.ts';

type Settings = Pick<RoomOptions, 'daveVersion' | 'firstTransitionId' | 'commitTimeoutMs' | 'clock'>;

/** The rooms that somebody is in. */
export class Rooms {
  readonly #settings: Settings;
  readonly #events: EventEmitter<VoiceServerEvents>;
  readonly #counters: Pick<VoiceCounters, 'groupResets'>;
  readonly #sender = new ExternalSender();
  readonly #byChannel = new Map<string, Room>();

  constructor(
    settings: Settings,
    events: EventEmitter<VoiceServerEvents>,
    counters: Pick<VoiceCounters, 'groupResets'>,
  ) {
    this.#settings = settings;
    this.#events = events;
    this.#counters = counters;
  }

  /** The room of a channel, made when nobody is there yet. */
  open(channelId: string): Room {
    const existing = this.#byChannel.get(channelId);
    if (existing) return existing;
    const { daveVersion, firstTransitionId, commitTimeoutMs, clock } = this.#settings;
    const room = new Room({
      channelId,
      daveVersion,
      firstTransitionId,
      commitTimeoutMs,
      clock,
      sender: this.#sender,
      onEpoch: (epoch, members) => this.#events.emit('epoch', { channelId, epoch, members }),
      onVersion: (version) => this.#events.emit('daveVersion', { channelId, version }),
      onReset: () => {
        this.#counters.groupResets += 1;
      },
      onSpeaking: (userId, speaking) => this.#events.emit('speaking', { channelId, userId, speaking }),
    });
    this.#byChannel.set(channelId, room);
    return room;
  }

  /** @throws Error when nobody is there. */
  get(channelId: string): Room {
    const room = this.#byChannel.get(channelId);
    if (!room) throw new Error(`nobody is in channel ${channelId}: add a member first`);
    return room;
  }

  drop(room: Room): void {
    if (this.#byChannel.get(room.channelId) !== room) return;
    room.close();
    this.#byChannel.delete(room.channelId);
  }

  close(): void {
    for (const room of [...this.#byChannel.values()]) this.drop(room);
  }
}

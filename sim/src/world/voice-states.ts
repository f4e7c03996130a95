import { randomBytes } from 'node:crypto';
import { WorldError } from './errors.ts';
import type { VoiceCause, VoiceState } from './model.ts';
import type { World } from './world.ts';

type Flags = Partial<
  Pick<VoiceState, 'selfMute' | 'selfDeaf' | 'selfVideo' | 'selfStream' | 'suppress' | 'requestedToSpeakAt'>
>;

/** Who is in which voice channel. A bot may be in one channel of each guild, a person in one at all. */
export class VoiceStates {
  readonly #world: World;
  constructor(world: World) {
    this.#world = world;
  }

  get(guildId: string, userId: string): VoiceState | undefined {
    return this.#world.guilds.get(guildId)?.voiceStates.get(userId);
  }

  /** Where a user is, over all guilds. */
  of(userId: string): VoiceState[] {
    return [...this.#world.guilds.values()].flatMap((guild) => guild.voiceStates.get(userId) ?? []);
  }

  /** Enters a channel, moves to it, or changes flags in it. Permissions are the caller's business. */
  enter(channelId: string, userId: string, options: Flags & { sessionId?: string }, cause: VoiceCause): VoiceState {
    const channel = this.#world.channel(channelId);
    if (channel.kind !== 'voice' && channel.kind !== 'stage')
      throw new WorldError('not_a_voice_channel', `channel ${channelId} is no voice channel; choose one that is`);
    const { guildId } = channel;
    this.#world.member(guildId, userId);
    if (!this.#world.user(userId).bot) {
      for (const other of this.of(userId)) if (other.guildId !== guildId) this.leave(other.guildId, userId, 'self');
    }
    const previous = this.get(guildId, userId);
    // On a stage everybody begins in the audience.
    const same = previous?.channelId === channelId ? previous : undefined;
    const state: VoiceState = {
      guildId,
      userId,
      channelId,
      sessionId: options.sessionId ?? previous?.sessionId ?? randomBytes(16).toString('hex'),
      selfMute: options.selfMute ?? previous?.selfMute ?? false,
      selfDeaf: options.selfDeaf ?? previous?.selfDeaf ?? false,
      selfVideo: options.selfVideo ?? previous?.selfVideo ?? false,
      selfStream: options.selfStream ?? previous?.selfStream ?? false,
      suppress: options.suppress ?? same?.suppress ?? channel.kind === 'stage',
      requestedToSpeakAt:
        options.requestedToSpeakAt === undefined ? (same?.requestedToSpeakAt ?? null) : options.requestedToSpeakAt,
    };
    this.#world.guild(guildId).voiceStates.set(userId, state);
    this.#world.events.emit('voiceState', { state, previous, cause });
    return state;
  }

  /** Leaves voice in this guild. Throws `not_in_voice`. */
  leave(guildId: string, userId: string, cause: VoiceCause): void {
    const guild = this.#world.guild(guildId);
    const previous = guild.voiceStates.get(userId);
    if (!previous) throw new WorldError('not_in_voice', `user ${userId} is in no voice channel of guild ${guildId}`);
    guild.voiceStates.delete(userId);
    this.#world.events.emit('voiceState', { state: { ...previous, channelId: null }, previous, cause });
  }
}

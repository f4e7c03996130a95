/** A bot's way into voice: op 4, VOICE_STATE_UPDATE, then VOICE_SERVER_UPDATE with a grant on the voice server. */
import { randomBytes } from 'node:crypto';
import { GatewayDispatchEvents, PermissionFlagsBits } from 'discord-api-types/v10';
import type { VoiceServer } from '../voice/voice-server.ts';
import type { World } from '../world/world.ts';
import type { VoiceStateUpdate } from './payloads.ts';
import type { GatewaySession } from './session.ts';
import type { Sessions } from './sessions.ts';

export type VoiceDoor = Pick<VoiceServer, 'admit' | 'isConnected' | 'dismiss'> & { endpoint: string };

export class BotVoice {
  readonly #world: World;
  readonly #door: VoiceDoor;

  constructor(world: World, sessions: Sessions, door: VoiceDoor) {
    this.#world = world;
    this.#door = door;
    // Runs after the dispatcher's listener, which was added first: clients need the state before the server.
    world.events.on('voiceState', ({ state, previous, cause }) => {
      if (!world.user(state.userId).bot) return;
      if (state.channelId === null) door.dismiss(state.guildId, state.userId);
      else if (cause === 'other' && state.channelId !== previous?.channelId) {
        const session = sessions.get(state.sessionId);
        if (session) this.#admit(session, state.guildId, state.channelId);
      }
    });
  }

  /** Op 4. As on Discord, what is not allowed gets no answer at all; the reason is returned for the simulator's log. */
  update(
    session: GatewaySession,
    request: VoiceStateUpdate,
  ): 'done' | 'not_a_member' | 'no_such_channel' | 'forbidden' {
    const { guild_id: guildId, channel_id: channelId } = request;
    const guild = this.#world.guilds.get(guildId);
    if (!guild?.members.has(session.userId)) return 'not_a_member';
    const current = guild.voiceStates.get(session.userId);
    if (channelId === null) {
      if (current) this.#world.voice.leave(guildId, session.userId, 'self');
      return 'done';
    }
    const channel = guild.channels.get(channelId);
    if (channel?.kind !== 'voice' && channel?.kind !== 'stage') return 'no_such_channel';
    if (current?.channelId !== channelId && !this.#mayEnter(channelId, session.userId)) return 'forbidden';
    this.#world.voice.enter(
      channelId,
      session.userId,
      {
        sessionId: session.id,
        selfMute: request.self_mute,
        selfDeaf: request.self_deaf,
        ...(request.self_video === undefined ? {} : { selfVideo: request.self_video }),
      },
      'self',
    );
    // A mute toggle must not tear a live voice connection down: dysnomia reconnects on every VOICE_SERVER_UPDATE.
    const live = current?.sessionId === session.id && this.#door.isConnected(guildId, session.userId, channelId);
    if (!live) this.#admit(session, guildId, channelId);
    return 'done';
  }

  /** A gateway session is over for good: its voice states go with it. */
  forget(session: GatewaySession): void {
    for (const state of this.#world.voice.of(session.userId)) {
      if (state.sessionId === session.id) this.#world.voice.leave(state.guildId, session.userId, 'other');
    }
  }

  #mayEnter(channelId: string, userId: string): boolean {
    const channel = this.#world.channel(channelId);
    const permissions = this.#world.channelPermissionsOf(channelId, userId);
    if (!(permissions & PermissionFlagsBits.Connect)) return false;
    if (channel.userLimit === 0 || permissions & PermissionFlagsBits.MoveMembers) return true;
    const states = [...this.#world.guild(channel.guildId).voiceStates.values()];
    return states.filter((state) => state.channelId === channelId).length < channel.userLimit;
  }

  #admit(session: GatewaySession, guildId: string, channelId: string): void {
    const token = randomBytes(16).toString('hex');
    this.#door.admit({ guildId, channelId, userId: session.userId, sessionId: session.id, token });
    session.dispatch(GatewayDispatchEvents.VoiceServerUpdate, {
      token,
      guild_id: guildId,
      endpoint: this.#door.endpoint,
    });
  }
}

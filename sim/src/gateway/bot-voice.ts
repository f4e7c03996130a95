/** A bot's way into voice: op 4, VOICE_STATE_UPDATE, then VOICE_SERVER_UPDATE with a grant on the voice server. */
import { randomBytes } from 'node:crypto';
import { GatewayDispatchEvents, PermissionFlagsBits } from 'discord-api-types/v10';
import { CloseCode } from '../voice/opcodes.ts';
import type { VoiceServer } from '../voice/voice-server.ts';
import type { World } from '../world/world.ts';
import type { VoiceStateUpdate } from './payloads.ts';
import type { GatewaySession } from './session.ts';
import type { Sessions } from './sessions.ts';

export type VoiceDoor = Pick<VoiceServer, 'admit' | 'isConnected' | 'dismiss'> & { endpoint: string };

/** Why an op 4 had no effect. */
export const voiceRefusals = [
  'not_a_member',
  'guild_unavailable',
  'unknown_channel',
  'missing_permissions',
  'channel_full',
] as const;
export type VoiceRefusal = (typeof voiceRefusals)[number];

export class BotVoice {
  readonly #world: World;
  readonly #door: VoiceDoor;
  readonly #sessions: Sessions;

  constructor(world: World, sessions: Sessions, door: VoiceDoor) {
    this.#world = world;
    this.#door = door;
    this.#sessions = sessions;
    // Runs after the dispatcher's listener, which was added first: clients need the state before the server.
    world.events.on('voiceState', ({ state, previous, cause }) => {
      if (!world.user(state.userId).bot) return;
      // The whole call has ended (4022), or this client's part in it (4014).
      const code = cause === 'channel_deleted' ? CloseCode.CallTerminated : CloseCode.Disconnected;
      if (state.channelId === null) door.dismiss(state.guildId, state.userId, code);
      else if (cause === 'other' && state.channelId !== previous?.channelId) {
        const session = sessions.get(state.sessionId);
        if (session) this.#admit(session, state.guildId, state.channelId);
      }
    });
  }

  /** Op 4. As on Discord, what is not allowed gets no answer at all; the reason is returned for whoever looks on. */
  update(session: GatewaySession, request: VoiceStateUpdate): VoiceRefusal | undefined {
    const { guild_id: guildId, channel_id: channelId } = request;
    const guild = this.#world.guilds.get(guildId);
    if (!guild?.members.has(session.userId)) return 'not_a_member';
    if (this.#sessions.unavailable.has(guildId)) return 'guild_unavailable';
    const current = guild.voiceStates.get(session.userId);
    if (channelId === null) {
      if (current) this.#world.voice.leave(guildId, session.userId, 'self');
      return undefined;
    }
    const channel = guild.channels.get(channelId);
    if (channel?.kind !== 'voice' && channel?.kind !== 'stage') return 'unknown_channel';
    const refusal = current?.channelId === channelId ? undefined : this.#refusal(channelId, session.userId);
    if (refusal) return refusal;
    // A mute toggle must not tear a live voice connection down: dysnomia reconnects on every VOICE_SERVER_UPDATE.
    const live = current?.sessionId === session.id && this.#door.isConnected(guildId, session.userId, channelId);
    const serverFirst = session.faults.voiceServerFirst;
    if (!live && serverFirst) this.#admit(session, guildId, channelId);
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
    if (!live && !serverFirst) this.#admit(session, guildId, channelId);
    return undefined;
  }

  /** Another voice server for a bot in a guild: VOICE_SERVER_UPDATE with a new token, as when a server goes down for good. */
  changeServer(userId: string, guildId: string): void {
    const state = this.#world.voice.of(userId).find((one) => one.guildId === guildId);
    const session = state && this.#sessions.get(state.sessionId);
    if (session && state.channelId) this.#admit(session, guildId, state.channelId);
  }

  /** A gateway session is over for good: its voice states go with it. */
  forget(session: GatewaySession): void {
    for (const state of this.#world.voice.of(session.userId)) {
      if (state.sessionId === session.id) this.#world.voice.leave(state.guildId, session.userId, 'other');
    }
  }

  #refusal(channelId: string, userId: string): VoiceRefusal | undefined {
    const channel = this.#world.channel(channelId);
    const permissions = this.#world.channelPermissionsOf(channelId, userId);
    if (!(permissions & PermissionFlagsBits.Connect)) return 'missing_permissions';
    if (channel.userLimit === 0 || permissions & PermissionFlagsBits.MoveMembers) return undefined;
    const states = [...this.#world.guild(channel.guildId).voiceStates.values()];
    const inside = states.filter((state) => state.channelId === channelId).length;
    return inside < channel.userLimit ? undefined : 'channel_full';
  }

  #admit(session: GatewaySession, guildId: string, channelId: string): void {
    const token = randomBytes(16).toString('hex');
    this.#door.admit({ guildId, channelId, userId: session.userId, sessionId: session.id, token });
    if (session.faults.nullEndpointFirst)
      session.dispatch(GatewayDispatchEvents.VoiceServerUpdate, { token, guild_id: guildId, endpoint: null });
    session.dispatch(GatewayDispatchEvents.VoiceServerUpdate, {
      token,
      guild_id: guildId,
      endpoint: this.#door.endpoint,
    });
  }
}

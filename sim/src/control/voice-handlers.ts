import { randomBytes } from 'node:crypto';
import type { People } from '../members/people.ts';
import { spoof } from '../voice/faults/spoofing.ts';
import type { VoiceServer } from '../voice/voice-server.ts';
import type { VoiceSession } from '../voice/voice-session.ts';
import type { World } from '../world/world.ts';
import type { Parsed } from './contract.ts';
import { ControlError } from './errors.ts';
import type { Handlers } from './handlers.ts';
import type { voiceOperations } from './voice-operations.ts';

export type VoiceParts = Pick<VoiceServer, 'counters' | 'faults' | 'ledger' | 'sessions' | 'roomOf' | 'takeSsrc'>;

interface Parts {
  world: World;
  voice: VoiceParts;
  people: People;
}

export function voiceHandlers({ world, voice, people }: Parts): Pick<Handlers, keyof typeof voiceOperations> {
  const session = ({ guildId, userId }: { guildId: string; userId: string }): VoiceSession => {
    const found = voice.sessions.get(guildId, userId);
    if (found) return found;
    throw new ControlError(
      'no_voice_client',
      `user ${userId} has no voice client in guild ${guildId}; let it join`,
      409,
    );
  };
  const scopeOf = ({ guildId, userId }: Pick<Parsed<'setPacketFaults'>, 'guildId' | 'userId'>) => {
    world.guild(guildId);
    if (userId !== undefined) world.user(userId);
    return { guildId, userId };
  };
  const room = (channelId: string) => {
    const { guildId } = world.channel(channelId);
    const here = [...world.guild(guildId).voiceStates.values()].some((state) => state.channelId === channelId);
    if (!here)
      throw new ControlError('not_in_voice', `nobody is in channel ${channelId}; let somebody join first`, 409);
    return voice.roomOf(channelId);
  };

  return {
    setPacketFaults: ({ direction, faults, ...scope }) => {
      voice.faults.setPackets(scopeOf(scope), direction, faults ?? undefined);
      return {};
    },
    setSocketFaults: ({ faults, ...scope }) => {
      voice.faults.setSocket(scopeOf(scope), faults ?? undefined);
      return {};
    },
    clearVoiceFaults: () => {
      voice.faults.clear();
      return {};
    },
    closeVoice: ({ code, ...leg }) => {
      voice.sessions.closeSocket(session(leg), code);
      return {};
    },
    sendMalformed: ({ opcode, payload, ...leg }) => {
      session(leg).sendBinary(opcode, payload === undefined ? randomBytes(64) : Buffer.from(payload, 'base64'));
      return {};
    },
    spoofDatagrams: async ({ kind, asUserId, count, ...leg }) => {
      const client = session(leg);
      const { room: place } = client;
      const speaker = asUserId ?? place.userIds.find((userId) => userId !== leg.userId);
      if (speaker === undefined || !place.userIds.includes(speaker)) {
        const who = asUserId === undefined ? 'nobody else' : `user ${asUserId}`;
        throw new ControlError('not_in_voice', `${who} is not in that channel, so there is no SSRC to take`, 409);
      }
      let sent = 0;
      for (let index = 0; index < count; index += 1) {
        if (await spoof(client, kind, place.participant(speaker).ssrc)) sent += 1;
      }
      return { sent };
    },
    setRoomFaults: ({ channelId, notToldOfNewcomers, damaged, holdGroup, dropCommits }) => {
      const { faults, delivery } = room(channelId);
      faults.notToldOfNewcomers.clear();
      faults.damaged.clear();
      for (const userId of notToldOfNewcomers) faults.notToldOfNewcomers.add(userId);
      for (const userId of damaged) faults.damaged.add(userId);
      if (holdGroup) delivery?.hold();
      else delivery?.release();
      delivery?.dropCommits(dropCommits);
      return {};
    },
    changeSsrc: ({ userId }) => {
      const ssrc = voice.takeSsrc();
      people.changeSsrc(userId, ssrc);
      return { ssrc };
    },
    setSkew: ({ userId, ppm }) => {
      people.setSkew(userId, ppm);
      return {};
    },
    setDaveVersion: ({ userId, version }) => {
      people.setDaveVersion(userId, version);
      return {};
    },
    publishVideo: ({ userId, codec }) => {
      people.publish(userId, codec);
      return {};
    },
    unpublishVideo: ({ userId }) => {
      people.unpublish(userId);
      return {};
    },
    watchDeliveries: (leg) => {
      voice.ledger.watch(scopeOf(leg) as typeof leg);
      return {};
    },
    deliveries: (leg) => ({ deliveries: [...voice.ledger.of(leg)] }),
    voiceClients: ({ guildId }) => {
      world.guild(guildId);
      const clients = voice.sessions.all().filter(({ grant }) => grant.guildId === guildId);
      return {
        clients: clients.map(({ grant, ssrc, cipher, maxDaveVersion, socket }) => ({
          guildId,
          userId: grant.userId,
          channelId: grant.channelId,
          ssrc,
          mode: cipher?.mode ?? null,
          maxDaveVersion,
          connected: socket !== undefined,
        })),
      };
    },
  };
}

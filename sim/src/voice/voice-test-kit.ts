import { EventEmitter, once } from 'node:events';
import tls from 'node:tls';
import {
  type DiscordGatewayAdapterLibraryMethods,
  entersState,
  joinVoiceChannel,
  type VoiceConnection,
  VoiceConnectionStatus,
} from '@discordjs/voice';
import type { Clip } from '../clips/clip.ts';
import type { LightMember } from './light-member.ts';
import { VoiceServer as Server, type VoiceServer, type VoiceServerOptions } from './voice-server.ts';

/** For tests: a voice server whose certificate this process trusts. */
export async function startServer(options?: VoiceServerOptions): Promise<{ server: VoiceServer; endpoint: string }> {
  const server = new Server(options);
  const { endpoint, certificatePem } = await server.listen();
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), certificatePem]);
  return { server, endpoint };
}

/** Emits `guild/user` with the channel whenever a real client sends op 4 to the main gateway. */
export const sentOp4 = new EventEmitter();

/** Adapters by guild and user: a connection that moves keeps the one it has. */
const adapters = new Map<string, DiscordGatewayAdapterLibraryMethods>();

/** For tests: @discordjs/voice, unmodified, with an adapter that plays the main gateway. */
export async function joinReal(
  { server, endpoint }: { server: VoiceServer; endpoint: string },
  { guildId, channelId, userId }: { guildId: string; channelId: string; userId: string },
  {
    token = 'voice-token',
    wait = true,
    daveEncryption = true,
  }: { token?: string; wait?: boolean; daveEncryption?: boolean } = {},
): Promise<VoiceConnection> {
  const sessionId = `session-${userId}`;
  server.admit({ guildId, channelId, userId, sessionId, token: 'voice-token' });
  const connection = joinVoiceChannel({
    guildId,
    channelId,
    selfDeaf: false,
    selfMute: false,
    group: userId, // several users in one process
    daveEncryption,
    adapterCreator: (given) => {
      adapters.set(`${guildId}/${userId}`, given);
      return {
        sendPayload: (payload: { op: number; d: { channel_id: string | null } }) => {
          if (payload.op === 4) sentOp4.emit(`${guildId}/${userId}`, payload.d.channel_id);
          return true;
        },
        destroy: () => undefined,
      };
    },
  });
  connection.on('error', () => undefined); // a refused client rejoins; tests look at its state
  const methods = adapters.get(`${guildId}/${userId}`);
  const state = { guild_id: guildId, channel_id: channelId, user_id: userId, session_id: sessionId };
  methods?.onVoiceStateUpdate(state as Parameters<DiscordGatewayAdapterLibraryMethods['onVoiceStateUpdate']>[0]);
  methods?.onVoiceServerUpdate({ guild_id: guildId, endpoint, token });
  if (wait) await entersState(connection, VoiceConnectionStatus.Ready, 10_000);
  return connection;
}

/** Resolves when the connection is in an MLS group of exactly these members. */
export async function inGroup(server: VoiceServer, channelId: string, userIds: string[]): Promise<bigint> {
  const wanted = userIds.toSorted().join();
  for (;;) {
    const [event] = (await once(server.events, 'epoch')) as [{ channelId: string; epoch: bigint; members: string[] }];
    if (event.channelId === channelId && event.members.toSorted().join() === wanted) return event.epoch;
  }
}

/** Resolves when a real client and a member are in the same epoch. */
export async function sameEpoch(connection: VoiceConnection, member: LightMember): Promise<void> {
  await member.ready();
  while (!member.voicePrivacyCode || connection.voicePrivacyCode !== member.voicePrivacyCode) {
    await once(connection, 'transitioned');
  }
}

/** A clip of `length` packets that all differ and name their speaker. */
export function countedClip(voice: string, length: number): Clip {
  const packets = Array.from({ length }, (_, index) =>
    Buffer.from(`\x78${voice} says packet ${index}`.padEnd(80, '.')),
  );
  return { name: `counted-${voice}`, voice, text: '', toneHz: 0, packets };
}

/** Collects what a real client hears of a user; `until(n)` resolves when n packets are there. */
export function listen(connection: VoiceConnection, userId: string) {
  const packets: Buffer[] = [];
  const waiters: { count: number; resolve: () => void }[] = [];
  connection.receiver.subscribe(userId).on('data', (packet: Buffer) => {
    packets.push(packet);
    for (const waiter of waiters) if (packets.length >= waiter.count) waiter.resolve();
  });
  const until = (count: number) =>
    new Promise<void>((resolve) => {
      if (packets.length >= count) resolve();
      else waiters.push({ count, resolve });
    });
  return { packets, until };
}

/** Resolves when a member has heard so many packets (of `from`, if named). */
export async function hasHeard(member: LightMember, count: number, from?: string): Promise<void> {
  const known = () => member.heard.filter(({ fromUserId }) => from === undefined || fromUserId === from).length;
  while (known() < count) {
    await new Promise<void>((resolve) => {
      const stop = member.listen(() => {
        stop();
        resolve();
      });
    });
  }
}

/** Speaks packets through a real client, one each 20 ms, as its audio player would. */
export async function speakReal(connection: VoiceConnection, packets: readonly Uint8Array[]): Promise<void> {
  connection.setSpeaking(true);
  for (const packet of packets) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    connection.playOpusPacket(Buffer.from(packet));
  }
  connection.setSpeaking(false);
}

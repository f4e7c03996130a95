/** Legs on the simulated voice server, for tests: real @discordjs/voice, UDP and DAVE. */
import { once } from 'node:events';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { GatewayVoiceServerUpdateDispatchData, GatewayVoiceState } from 'discord-api-types/v10';
import { VoiceServer } from '../../../sim/src/voice/voice-server.ts';
import type { VoicePacket } from '../audio/packet.ts';
import { isSilence } from '../audio/toc.ts';
import { VoiceAdapters } from '../gateway/voice-adapters.ts';
import { createLogger } from '../ops/logger.ts';
import { Leg, type LegOptions } from './leg.ts';

export const GUILD = '1';
export const CHANNEL = '11';
export const BOT = '91';

/** One voice server and the leg that joins it by a main gateway of a few lines. */
export class LegTestKit {
  readonly server = new VoiceServer();
  joins = 0;
  /** Op 4 without a channel. */
  leaves = 0;
  readonly #original = getCACertificates('default');
  #endpoint = '';
  #leg: Leg | undefined;

  static async start(): Promise<LegTestKit> {
    const kit = new LegTestKit();
    const { endpoint, certificatePem } = await kit.server.listen();
    kit.#endpoint = endpoint;
    setDefaultCACertificates([...kit.#original, certificatePem]);
    return kit;
  }

  async close(): Promise<void> {
    await this.#leg?.close('policy');
    await this.server.close();
    this.distrust();
  }

  /** Takes the voice server's certificate out of the trusted ones. */
  distrust(): void {
    setDefaultCACertificates(this.#original);
  }

  member(userId: string) {
    return this.server.addMember({ guildId: GUILD, channelId: CHANNEL, userId });
  }

  /** Answers op 4 by the two dispatches, in Discord's order. */
  join(options: Partial<LegOptions> = {}): Leg {
    const { server } = this;
    const adapters = new VoiceAdapters(({ channel_id: channelId }) => {
      setImmediate(() => {
        const state = { guild_id: GUILD, channel_id: channelId, user_id: BOT, session_id: 'session', self_deaf: false };
        adapters.voiceState(GUILD, state as GatewayVoiceState);
        made.ownVoiceState(channelId);
        if (channelId === null) {
          this.leaves += 1;
          server.dismiss(GUILD, BOT);
          return;
        }
        this.joins += 1;
        const token = `token-${this.joins}`;
        server.admit({ guildId: GUILD, channelId, userId: BOT, sessionId: 'session', token });
        const update = { token, guild_id: GUILD, endpoint: this.#endpoint };
        adapters.voiceServer(GUILD, update as GatewayVoiceServerUpdateDispatchData);
      });
      return true;
    });
    const made = new Leg({
      legId: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
      guildId: GUILD,
      channelId: CHANNEL,
      identityId: BOT,
      adapters,
      ownIdentities: new Set([BOT]),
      joinAttempts: 3,
      isGatewayConnected: () => true,
      logger: createLogger(process.env.TEST_LOG_LEVEL ?? 'silent'),
      ...options,
    });
    this.#leg = made;
    return made;
  }
}

export async function state(of: Leg, kind: Leg['state']['kind']): Promise<Leg['state']> {
  while (of.state.kind !== kind) await once(of, 'state');
  return of.state;
}

export const clip = (packets: number) => ({
  name: 'clip',
  voice: 'nobody',
  text: '',
  toneHz: 0,
  packets: Array.from({ length: packets }, (_, index) => Uint8Array.of(0x78, 1, 2, index)),
});

/** The next packet with voice in it. */
export function nextVoice(leg: Leg): Promise<VoicePacket> {
  return new Promise((resolve) => {
    const remove = leg.onPacket((packet) => {
      if (isSilence(packet.opus)) return;
      remove();
      resolve(packet);
    });
  });
}

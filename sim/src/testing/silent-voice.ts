/** For tests of everything but voice: a voice server that keeps grants and members, and carries no sound. */
import type { Clip } from '../clips/clip.ts';
import type { HeardPacket, LightMember, SpokenPacket } from '../voice/light-member.ts';
import { type VoiceGrant, VoiceServer } from '../voice/voice-server.ts';

type Place = { guildId: string; channelId: string; userId: string };

export class SilentVoice extends VoiceServer {
  readonly grants: VoiceGrant[] = [];
  readonly dismissed: string[] = [];
  readonly members: (LightMember & { left: boolean })[] = [];
  /** `guild user channel` of clients that count as connected. */
  readonly connected = new Set<string>();

  override async listen(): Promise<{ endpoint: string; certificatePem: string }> {
    return { endpoint: 'localhost:1', certificatePem: 'no certificate' };
  }
  override async close(): Promise<void> {
    this.events.removeAllListeners();
  }
  override admit(grant: VoiceGrant): void {
    this.grants.push(grant);
  }
  override isConnected(guildId: string, userId: string, channelId: string): boolean {
    return this.connected.has(`${guildId} ${userId} ${channelId}`);
  }
  override dismiss(guildId: string, userId: string, closeCode = 4014): void {
    this.dismissed.push(`${guildId} ${userId} ${closeCode}`);
  }
  override addMember({ channelId, userId }: Place): LightMember {
    const heard: HeardPacket[] = [];
    const spoken: SpokenPacket[] = [];
    const member = {
      userId,
      channelId,
      ssrc: this.members.length + 1,
      heard,
      spoken,
      failures: 0,
      left: false,
      voicePrivacyCode: '',
      ready: async () => undefined,
      feed: () => undefined,
      setSkew: () => undefined,
      changeSsrc: () => undefined,
      publish: () => undefined,
      unpublish: () => undefined,
      speak: (clip: Clip) => {
        for (const [index, opus] of clip.packets.entries()) {
          spoken.push({ sequence: index, timestamp: index * 960, sentAt: index * 20, opus: Buffer.from(opus) });
        }
        const started = Promise.resolve({ startedAt: 1_000, firstTimestamp: 7 });
        return { started, finished: started.then(() => undefined) };
      },
      listen: () => () => undefined,
      leave: async () => {
        member.left = true;
      },
    };
    this.members.push(member);
    return member;
  }
}

/** The part of the control client that is about voice. */
import type { Input, Operation, Output } from './contract.ts';

export type Call = <Name extends Operation>(name: Name, input: Input<Name>) => Promise<Output<Name>>;

/** A guild, or one user (person or bot) in it. */
export interface VoiceScope {
  guildId: string;
  userId?: string;
}
export interface VoiceLeg {
  guildId: string;
  userId: string;
}
type PacketFaults = NonNullable<Input<'setPacketFaults'>['faults']>;
type SocketFaults = NonNullable<Input<'setSocketFaults'>['faults']>;

export class VoiceControl {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  /**
   * What the network does to packets of a leg, by seed: loss, bursts, duplicates, overtaking, delay, jitter. `toClient`
   * is what the client receives, `fromClient` what it sends.
   *
   * @example await control.voice.packetFaults({ guildId, userId: botUserId }, 'toClient', { seed: 1, loss: 0.05 })
   */
  async packetFaults(scope: VoiceScope, direction: 'toClient' | 'fromClient', faults: PacketFaults): Promise<void> {
    await this.#call('setPacketFaults', { ...scope, direction, faults });
  }
  /** A slow websocket, late op 5 or 11, the order of a resume, lost answers to IP discovery. */
  async socketFaults(scope: VoiceScope, faults: SocketFaults): Promise<void> {
    await this.#call('setSocketFaults', { ...scope, faults });
  }
  /** Ends all packet and socket faults. */
  async clearFaults(): Promise<void> {
    await this.#call('clearVoiceFaults', {});
  }
  /** What goes wrong in one channel; what is left out is off. */
  async roomFaults(channelId: string, faults: Omit<Input<'setRoomFaults'>, 'channelId'>): Promise<void> {
    await this.#call('setRoomFaults', { channelId, ...faults });
  }
  /** Closes a client's voice websocket; 1006 breaks it without a goodbye. */
  async close(leg: VoiceLeg, code: Input<'closeVoice'>['code']): Promise<void> {
    await this.#call('closeVoice', { ...leg, code });
  }
  /** A binary message (op 25, 27, 29 or 30) that cannot be followed. */
  async malformed(leg: VoiceLeg, opcode: Input<'sendMalformed'>['opcode'], payload?: string): Promise<void> {
    await this.#call('sendMalformed', { ...leg, opcode, ...(payload === undefined ? {} : { payload }) });
  }
  /** Sends a client datagrams that do not come from whom they seem to. Answers how many were sent. */
  async spoof(
    leg: VoiceLeg,
    kind: Input<'spoofDatagrams'>['kind'],
    options: { asUserId?: string; count?: number } = {},
  ): Promise<number> {
    return (await this.#call('spoofDatagrams', { ...leg, kind, ...options })).sent;
  }
  /** A person goes on under another SSRC. */
  async changeSsrc(userId: string): Promise<number> {
    return (await this.#call('changeSsrc', { userId })).ssrc;
  }
  /** A person's clock runs fast (or slow) from now on, in parts per million. */
  async skew(userId: string, ppm: number): Promise<void> {
    await this.#call('setSkew', { userId, ppm });
  }
  /** The highest version of DAVE that a person's client speaks, from the next time they join voice. */
  async daveVersion(userId: string, version: 0 | 1): Promise<void> {
    await this.#call('setDaveVersion', { userId, version });
  }
  /** A person in voice publishes the test picture. */
  async publishVideo(userId: string, codec: Input<'publishVideo'>['codec']): Promise<void> {
    await this.#call('publishVideo', { userId, codec });
  }
  async unpublishVideo(userId: string): Promise<void> {
    await this.#call('unpublishVideo', { userId });
  }
  /** From now on each packet that goes out to this client is written down. */
  async watchDeliveries(leg: VoiceLeg): Promise<void> {
    await this.#call('watchDeliveries', leg);
  }
  /** What went out to a watched client, and whether its websocket was open then. */
  async deliveries(leg: VoiceLeg): Promise<Output<'deliveries'>['deliveries']> {
    return (await this.#call('deliveries', leg)).deliveries;
  }
  /** Real clients with a voice session in the guild. */
  async clients(guildId: string): Promise<Output<'voiceClients'>['clients']> {
    return (await this.#call('voiceClients', { guildId })).clients;
  }
}

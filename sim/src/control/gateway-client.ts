import type { Input, Output } from './contract.ts';
import { InteractionControl } from './interaction-client.ts';

type Change<Name extends 'setGatewayFaults' | 'setGatewayLimits' | 'setVoiceFlags' | 'serverMute'> = Omit<
  Input<Name>,
  'botUserId' | 'applicationId' | 'userId' | 'guildId'
>;

/** The methods of the control client for gateway connections, their faults, and voice states. */
export abstract class GatewayControl extends InteractionControl {
  /** Op 7 to a bot's gateway clients. */
  async requestReconnect(botUserId: string): Promise<void> {
    await this.call('requestReconnect', { botUserId });
  }
  /** Op 1 to a bot's gateway clients: they must send a heartbeat at once. */
  async requestHeartbeat(botUserId: string): Promise<void> {
    await this.call('requestHeartbeat', { botUserId });
  }
  /** Op 9: ends a bot's gateway sessions, or (`resumable`) asks for a resume. */
  async invalidateSession(botUserId: string, resumable = false): Promise<void> {
    await this.call('invalidateSession', { botUserId, resumable });
  }
  /** VOICE_SERVER_UPDATE with a new token, to a bot that is in voice in the guild. */
  async changeVoiceServer(botUserId: string, guildId: string): Promise<void> {
    await this.call('changeVoiceServer', { botUserId, guildId });
  }
  /** Breaks a bot's gateway sockets without a goodbye (1006). */
  async cutGateway(botUserId: string): Promise<void> {
    await this.call('cutGateway', { botUserId });
  }
  /** Closes a bot's gateway sockets with a code, such as 4000 to 4014. */
  async closeGateway(botUserId: string, code: number, reason?: string): Promise<void> {
    await this.call('closeGateway', { botUserId, code, ...(reason === undefined ? {} : { reason }) });
  }
  /**
   * Switches faults of a bot's connections; what is not named stays as it is.
   *
   * @example await control.setGatewayFaults(bot, { holdDispatches: ['VOICE_STATE_UPDATE'] }); // later: []
   */
  setGatewayFaults(botUserId: string, change: Change<'setGatewayFaults'>): Promise<Output<'setGatewayFaults'>> {
    return this.call('setGatewayFaults', { botUserId, ...change });
  }
  /** While withheld, new connections of every bot get no HELLO; switched off, those that wait get theirs. */
  async withholdHello(withheld: boolean): Promise<void> {
    await this.call('withholdHello', { withheld });
  }
  /** Shards, concurrency and session starts of an application; what is not named stays as it is. */
  setGatewayLimits(applicationId: string, change: Change<'setGatewayLimits'>): Promise<Output<'setGatewayLimits'>> {
    return this.call('setGatewayLimits', { applicationId, ...change });
  }
  /** An outage of a guild, and its end. */
  async setGuildUnavailable(guildId: string, unavailable: boolean): Promise<void> {
    await this.call('setGuildUnavailable', { guildId, unavailable });
  }
  /** What a person shows of themselves to bots with the presence intent. */
  async setPresence(userId: string, presence: Omit<Input<'setPresence'>, 'userId'>): Promise<void> {
    await this.call('setPresence', { userId, ...presence });
  }
  async renameUser(userId: string, username: string): Promise<void> {
    await this.call('renameUser', { userId, username });
  }
  /** A person in voice mutes themselves, turns the camera on, streams and so on. */
  async setVoiceFlags(userId: string, flags: Change<'setVoiceFlags'>): Promise<void> {
    await this.call('setVoiceFlags', { userId, ...flags });
  }
  /** A moderator mutes or deafens somebody in voice. */
  async serverMute(guildId: string, userId: string, change: Change<'serverMute'>): Promise<void> {
    await this.call('serverMute', { guildId, userId, ...change });
  }
}

/** Drives a simulator from another process. Needs nothing but `fetch`. */
import {
  type ControlEvent,
  type ControlHeardPacket,
  type ControlInteraction,
  type ControlMessage,
  type ControlSpokenPacket,
  type ControlVoiceState,
  errorSchema,
  type Input,
  type Operation,
  type Output,
  operations,
} from './contract.ts';
import { EventStream } from './event-stream.ts';
import { GatewayControl } from './gateway-client.ts';
import { VoiceControl } from './voice-client.ts';

export type {
  ControlEvent,
  ControlHeardPacket,
  ControlInteraction,
  ControlMessage,
  ControlSpokenPacket,
  ControlVoiceState,
};

/** What the control server refused, or (`timeout`) what did not happen in time. */
export class SimControlError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'SimControlError';
    this.code = code;
  }
}

type ChannelOptions = Omit<Input<'createVoiceChannel'>, 'guildId'>;

export class SimControl extends GatewayControl {
  /** Faults of voice, bad datagrams and messages, clocks, video. */
  readonly voice = new VoiceControl((name, input) => this.#call(name, input));
  readonly #url: string;
  readonly #events: EventStream;

  /** `url`: the `controlUrl` that the simulator prints when it is ready. */
  constructor(url: string) {
    super();
    this.#url = url.replace(/\/$/, '');
    this.#events = new EventStream(this.#url);
  }

  createApplication(options: Input<'createApplication'>): Promise<Output<'createApplication'>> {
    return this.#call('createApplication', options);
  }
  async setInteractionsUrl(applicationId: string, interactionsUrl: string): Promise<void> {
    await this.#call('setInteractionsUrl', { applicationId, interactionsUrl });
  }
  createGuild(options: Input<'createGuild'>): Promise<Output<'createGuild'>> {
    return this.#call('createGuild', options);
  }
  /** `permissions`: names such as `Connect`, or a bit field as decimal digits. */
  async addBot(guildId: string, botUserId: string, permissions?: string | string[]): Promise<void> {
    await this.#call('addBot', { guildId, botUserId, ...(permissions === undefined ? {} : { permissions }) });
  }
  createVoiceChannel(guildId: string, options: ChannelOptions): Promise<{ channelId: string }> {
    return this.#call('createVoiceChannel', { guildId, ...options });
  }
  createTextChannel(guildId: string, options: ChannelOptions): Promise<{ channelId: string }> {
    return this.#call('createTextChannel', { guildId, ...options });
  }
  async deleteChannel(channelId: string): Promise<void> {
    await this.#call('deleteChannel', { channelId });
  }
  createMember(guildId: string, options: { name: string }): Promise<{ userId: string }> {
    return this.#call('createMember', { guildId, ...options });
  }
  /** Makes a person who exists a member of another guild too. */
  async addMember(guildId: string, userId: string): Promise<void> {
    await this.#call('addMember', { guildId, userId });
  }
  /** Removes a member (person or bot) from the guild. */
  async kick(guildId: string, userId: string): Promise<void> {
    await this.#call('kick', { guildId, userId });
  }
  async grant(guildId: string, userId: string, permissions: string | string[]): Promise<void> {
    await this.#call('grant', { guildId, userId, permissions });
  }

  /** The whole world; with `userId`, `channel.visible` says what this person may see. */
  snapshot(options: Input<'snapshot'> = {}): Promise<Output<'snapshot'>> {
    return this.#call('snapshot', options);
  }

  async join(userId: string, channelId: string): Promise<void> {
    await this.#call('join', { userId, channelId });
  }
  async leave(userId: string): Promise<void> {
    await this.#call('leave', { userId });
  }
  /** A moderator moves a person or a bot to another channel of the guild. */
  async move(userId: string, channelId: string): Promise<void> {
    await this.#call('move', { userId, channelId });
  }
  /** A moderator disconnects a person or a bot from voice. */
  async disconnect(guildId: string, userId: string): Promise<void> {
    await this.#call('disconnect', { guildId, userId });
  }
  disconnectBot(guildId: string, botUserId: string): Promise<void> {
    return this.disconnect(guildId, botUserId);
  }
  /** Resolves when the person hears and can be heard in their channel. */
  async ready(userId: string): Promise<void> {
    await this.#call('ready', { userId });
  }

  async clips(): Promise<Output<'clips'>['clips']> {
    return (await this.#call('clips', {})).clips;
  }
  /**
   * Speaks a clip, or Opus packets of one's own (20 ms each). Returns when the first packet is on the wire; `startedAt` is that
   * instant, ms since the epoch.
   */
  speak(userId: string, options: { clip: string } | { packets: readonly Uint8Array[] }): Promise<Output<'speak'>> {
    if ('clip' in options) return this.#call('speak', { userId, clip: options.clip });
    return this.#call('speak', {
      userId,
      packets: options.packets.map((opus) => Buffer.from(opus).toString('base64')),
    });
  }
  async waitUntilSilent(userId: string): Promise<void> {
    await this.#call('waitUntilSilent', { userId });
  }
  /** Every packet heard of others; `opus` is base64. */
  async heard(userId: string): Promise<ControlHeardPacket[]> {
    return (await this.#call('heard', { userId })).packets;
  }
  /** Frames of others that this person could not decrypt. */
  async failures(userId: string): Promise<number> {
    return (await this.#call('heard', { userId })).failures;
  }
  async spoken(userId: string): Promise<ControlSpokenPacket[]> {
    return (await this.#call('spoken', { userId })).packets;
  }
  async clearHeard(userId: string): Promise<void> {
    await this.#call('clearHeard', { userId });
  }
  /** A person writes a message, with attachments of these names. */
  say(userId: string, channelId: string, content: string, files: string[] = []): Promise<ControlMessage> {
    return this.#call('say', { userId, channelId, content, files });
  }
  /** A person changes a message of theirs. */
  editMessage(userId: string, messageId: string, content: string): Promise<ControlMessage> {
    return this.#call('editMessage', { userId, messageId, content });
  }
  /** A person takes a message of theirs back. */
  async deleteMessage(userId: string, messageId: string): Promise<void> {
    await this.#call('deleteMessage', { userId, messageId });
  }

  /** The interaction as it stands now, with edits and follow-ups. */
  interaction(interactionId: string): Promise<ControlInteraction> {
    return this.#call('interaction', { interactionId });
  }
  /** All messages of a channel, oldest first, ephemeral ones (`visibleTo`) included. */
  async messages(channelId: string): Promise<ControlMessage[]> {
    return (await this.#call('messages', { channelId })).messages;
  }
  async voiceStates(guildId: string): Promise<ControlVoiceState[]> {
    return (await this.#call('voiceStates', { guildId })).voiceStates;
  }
  async nickname(guildId: string, userId: string): Promise<string | null> {
    return (await this.#call('nickname', { guildId, userId })).nickname;
  }
  /** Totals of the voice server, such as `plaintextFramesInDaveRooms`. */
  async counters(): Promise<Output<'counters'>['counters']> {
    return (await this.#call('counters', {})).counters;
  }

  /** Lets REST requests go wrong: the newest fault that fits is asked first. See `FaultEffect` for the kinds. */
  async setRestFault(fault: Input<'setRestFault'>): Promise<void> {
    await this.#call('setRestFault', fault);
  }
  async clearRestFaults(): Promise<void> {
    await this.#call('clearRestFaults', {});
  }
  /** Whether a person takes private messages of bots. */
  async setDirectMessages(userId: string, accepted: boolean): Promise<void> {
    await this.#call('setDirectMessages', { userId, accepted });
  }
  /** The language of a person's client, such as `it`. */
  async setLocale(userId: string, locale: string): Promise<void> {
    await this.#call('setLocale', { userId, locale });
  }
  /** Where OAuth2 may send people back to. */
  async setRedirectUris(applicationId: string, redirectUris: string[]): Promise<void> {
    await this.#call('setRedirectUris', { applicationId, redirectUris });
  }

  /** The number of the newest event: take it before an action, and wait `since` it afterwards. */
  async lastEventId(): Promise<number> {
    return (await this.#call('lastEventId', {})).id;
  }

  /**
   * The first event that fits: a new one, or one after `since`. Throws `timeout` (default 15 s).
   *
   * @example await control.waitForEvent((event) => event.type === 'bot_ready', { timeoutMs: 5_000 })
   */
  async waitForEvent(
    fits: (event: ControlEvent) => boolean,
    options: { timeoutMs?: number; since?: number; what?: string } = {},
  ): Promise<ControlEvent> {
    const { timeoutMs = 15_000, what = 'the awaited event' } = options;
    const since = options.since ?? (await this.lastEventId());
    const seen: string[] = [];
    for await (const event of this.#events.from(since, AbortSignal.timeout(timeoutMs))) {
      if (fits(event)) return event;
      seen.push(event.type);
    }
    throw new SimControlError('timeout', `${what} did not happen within ${timeoutMs} ms; since then: ${list(seen)}`);
  }

  /**
   * Asks `check` now and after every event until it gives something truthy, which is returned. Throws `timeout`
   * (default 15 s). For what shows in `messages`, `voiceStates`, `nickname` and the like.
   */
  async until<Value>(
    check: () => Value | Promise<Value>,
    options: { timeoutMs?: number; what?: string } = {},
  ): Promise<NonNullable<Value>> {
    const { timeoutMs = 15_000, what = 'the awaited condition' } = options;
    const since = await this.lastEventId();
    const first = await check();
    if (first) return first;
    const seen: string[] = [];
    for await (const event of this.#events.from(since, AbortSignal.timeout(timeoutMs))) {
      const value = await check();
      if (value) return value;
      seen.push(event.type);
    }
    throw new SimControlError('timeout', `${what} did not come true within ${timeoutMs} ms; since then: ${list(seen)}`);
  }

  async shutdown(): Promise<void> {
    await this.#call('shutdown', {});
  }

  protected override call<Name extends Operation>(name: Name, input: Input<Name>): Promise<Output<Name>> {
    return this.#call(name, input);
  }

  async #call<Name extends Operation>(name: Name, input: Input<Name>): Promise<Output<Name>> {
    const response = await fetch(`${this.#url}/control/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(input),
    });
    const answer: unknown = await response.json();
    if (!response.ok) {
      const { code, message } = errorSchema.parse(answer);
      throw new SimControlError(code, `${name}: ${message}`);
    }
    return operations[name].output.parse(answer) as Output<Name>;
  }
}

function list(types: string[]): string {
  return types.length === 0 ? 'nothing' : types.slice(-20).join(', ');
}

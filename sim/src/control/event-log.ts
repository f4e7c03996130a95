/** The stream of what happens, numbered, with the recent past kept so that nobody misses what came before they looked. */
import type { GatewayServer } from '../gateway/gateway-server.ts';
import type { Interactions } from '../interactions/interactions.ts';
import type { VoiceServer } from '../voice/voice-server.ts';
import type { Message } from '../world/model.ts';
import type { World } from '../world/world.ts';
import type { ControlEvent } from './contract.ts';
import { logStructure } from './page-events.ts';
import { interactionOf, messageOf } from './shapes.ts';

export interface LoggedEvent {
  id: number;
  event: ControlEvent;
}

/** So many events are kept. */
const keptEvents = 20_000;

export class EventLog {
  readonly #events: LoggedEvent[] = [];
  readonly #listeners = new Set<(event: LoggedEvent) => void>();
  #lastId = 0;

  get lastId(): number {
    return this.#lastId;
  }

  add(event: ControlEvent): void {
    this.#lastId += 1;
    const logged = { id: this.#lastId, event };
    this.#events.push(logged);
    if (this.#events.length > keptEvents) this.#events.shift();
    for (const listener of this.#listeners) listener(logged);
  }

  /** Calls `listener` with every kept event after `since`, then with each new one. Returns the way to stop. */
  follow(since: number, listener: (event: LoggedEvent) => void): () => void {
    for (const event of this.#events) if (event.id > since) listener(event);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

export interface EventSources {
  world: World;
  gateway: Pick<GatewayServer, 'events'>;
  voice: Pick<VoiceServer, 'events'>;
  interactions: Interactions;
}

/** Writes the events of all parts into the log. */
export function logEvents(log: EventLog, { world, gateway, voice, interactions }: EventSources): void {
  logStructure(log, world);
  world.events.on('voiceState', ({ state: { guildId, userId, channelId }, previous }) => {
    const at = Date.now();
    const previousChannelId = previous?.channelId;
    if (channelId === previousChannelId) return; // only flags changed
    if (channelId === null) {
      if (previousChannelId) log.add({ type: 'voice_left', at, guildId, previousChannelId, userId });
    } else if (previousChannelId) log.add({ type: 'voice_moved', at, guildId, channelId, previousChannelId, userId });
    else log.add({ type: 'voice_joined', at, guildId, channelId, userId });
  });
  world.events.on('messageCreated', ({ message }) =>
    log.add({ type: 'message_created', at: Date.now(), message: messageOf(message) }),
  );
  const updated = ({ message }: { message: Message }) =>
    log.add({ type: 'message_updated', at: Date.now(), message: messageOf(message) });
  for (const name of ['messageUpdated', 'reactionAdded', 'reactionRemoved', 'reactionsCleared'] as const) {
    world.events.on(name, updated);
  }
  const deleted = ({ message: { id: messageId, channelId } }: { message: Message }) =>
    log.add({ type: 'message_deleted', at: Date.now(), messageId, channelId });
  world.events.on('messageDeleted', deleted);
  world.events.on('messagesDeleted', ({ messages }) => {
    for (const message of messages) deleted({ message });
  });
  world.events.on('memberUpdated', ({ guild, member: { userId, nick }, previousNick }) => {
    if (nick !== previousNick)
      log.add({ type: 'nickname_changed', at: Date.now(), guildId: guild.id, userId, nickname: nick });
  });
  gateway.events.on('botReady', ({ userId, resumed }) =>
    log.add({ type: 'bot_ready', at: Date.now(), userId, resumed }),
  );
  gateway.events.on('botGone', ({ userId, code }) => log.add({ type: 'bot_gone', at: Date.now(), userId, code }));
  gateway.events.on('voiceRefused', ({ userId, guildId, channelId, reason }) =>
    log.add({ type: 'voice_refused', at: Date.now(), userId, guildId, channelId, reason }),
  );
  voice.events.on('clientReady', ({ guildId, channelId, userId }) =>
    log.add({ type: 'voice_client_ready', at: Date.now(), guildId, channelId, userId }),
  );
  voice.events.on('clientGone', ({ guildId, channelId, userId }) =>
    log.add({ type: 'voice_client_gone', at: Date.now(), guildId, channelId, userId }),
  );
  voice.events.on('clientResumed', (place) => log.add({ type: 'voice_client_resumed', at: Date.now(), ...place }));
  voice.events.on('discoveryLost', (place) => log.add({ type: 'discovery_lost', at: Date.now(), ...place }));
  voice.events.on('daveVersion', ({ channelId, version }) =>
    log.add({ type: 'dave_version', at: Date.now(), channelId, version }),
  );
  voice.events.on('epoch', ({ channelId, epoch, members }) =>
    log.add({ type: 'epoch', at: Date.now(), channelId, epoch: Number(epoch), memberUserIds: members }),
  );
  voice.events.on('speaking', ({ channelId, userId, speaking }) =>
    log.add({ type: 'speaking', at: Date.now(), channelId, userId, speaking }),
  );
  interactions.events.on('answered', (interaction) =>
    log.add({ type: 'interaction_answered', at: Date.now(), interaction: interactionOf(world, interaction) }),
  );
  interactions.events.on('updated', (interaction) =>
    log.add({ type: 'interaction_updated', at: Date.now(), interaction: interactionOf(world, interaction) }),
  );
}

import { EventEmitter } from 'node:events';
import { MessageFlags, InteractionResponseType as ResponseType } from 'discord-api-types/v10';
import { ApiError, emptyMessage } from '../rest/errors.ts';
import { contentOf, isEmpty } from '../rest/message-body.ts';
import type { MessageContent } from '../world/messages.ts';
import type { Application, Message } from '../world/model.ts';
import type { World } from '../world/world.ts';
import { type Callback, callbackSchema } from './callback.ts';
import { type CommandRequest, commandInteraction, pingInteraction } from './interaction-shape.ts';
import { signedRequest, type Variant } from './signature.ts';

/** An application has this long to answer, in ms. */
export const answerLimitMs = 3_000;
/** An interaction's token works this long, in ms. */
export const tokenLifeMs = 15 * 60_000;

export type Outcome = 'message' | 'deferred' | 'did_not_respond' | 'refused' | 'pong';

export interface Interaction {
  id: string;
  token: string;
  applicationId: string;
  channelId: string;
  userId: string;
  createdAt: number;
  state: 'waiting' | 'answered' | 'failed';
  outcome: Outcome | undefined;
  /** HTTP status of the application's answer; undefined when there was none. */
  status: number | undefined;
  /** What the application's answer said, when it was not an accepted answer (first 2,000 characters). */
  refusal: string | undefined;
  latencyMs: number | undefined;
  responseId: string | undefined;
  followUpIds: string[];
}

export interface InteractionEvents {
  answered: [Interaction];
  /** The original was edited or deleted, or a follow-up came. */
  updated: [Interaction];
}

/** Sends interactions to applications and takes their answers. */
export class Interactions {
  readonly events = new EventEmitter<InteractionEvents>();
  readonly #world: World;
  readonly #byId = new Map<string, Interaction>();
  readonly #byToken = new Map<string, Interaction>();

  constructor(world: World) {
    this.#world = world;
  }

  /** A person types a slash command. Resolves when it was answered, refused, or 3 s are over. */
  async command(request: CommandRequest, variant: Variant = 'good'): Promise<Interaction> {
    const application = this.#world.application(request.applicationId);
    const commandId = registeredCommand(application, request) ?? this.#world.snowflakes.next();
    return this.#send(application, commandInteraction(this.#world, request, commandId), request, variant);
  }

  /** The PING that Discord sends to an interactions URL. */
  async ping(applicationId: string, variant: Variant = 'good'): Promise<Interaction> {
    const application = this.#world.application(applicationId);
    const who = { channelId: '', userId: application.botUserId };
    return this.#send(application, pingInteraction(this.#world, applicationId), who, variant);
  }

  get(id: string): Interaction | undefined {
    return this.#byId.get(id);
  }

  byToken(token: string): Interaction | undefined {
    return this.#byToken.get(token);
  }

  isLive(interaction: Interaction): boolean {
    return interaction.state === 'answered' && Date.now() - interaction.createdAt < tokenLifeMs;
  }

  /** The first answer. Throws 10062 when it comes too late, 40060 when there was one already. */
  answer(interaction: Interaction, callback: Callback): void {
    if (interaction.state === 'failed') throw new ApiError(404, 10062, 'Unknown interaction');
    if (interaction.state === 'answered') throw new ApiError(400, 40060, 'Interaction has already been acknowledged.');
    const content = 'data' in callback && callback.data ? contentOf(callback.data) : {};
    if (callback.type === ResponseType.ChannelMessageWithSource && isEmpty(content)) throw emptyMessage();
    interaction.state = 'answered';
    interaction.latencyMs = Date.now() - interaction.createdAt;
    interaction.outcome = 'pong';
    if (callback.type !== ResponseType.Pong) {
      const deferred = callback.type === ResponseType.DeferredChannelMessageWithSource;
      interaction.outcome = deferred ? 'deferred' : 'message';
      const flags = (content.flags ?? 0) | (deferred ? MessageFlags.Loading : 0);
      interaction.responseId = this.#createMessage(interaction, { ...content, flags }).id;
    }
    this.events.emit('answered', interaction);
  }

  followUp(interaction: Interaction, content: MessageContent): Message {
    const original =
      interaction.responseId === undefined ? undefined : this.#world.messages.get(interaction.responseId);
    // The first follow-up to "thinking…" takes its place (Discord docs, Followup Messages).
    if (original && original.flags & MessageFlags.Loading) return this.edit(interaction, original.id, content);
    const message = this.#createMessage(interaction, content);
    interaction.followUpIds.push(message.id);
    this.events.emit('updated', interaction);
    return message;
  }

  edit(interaction: Interaction, messageId: string, change: MessageContent): Message {
    const { flags } = this.#world.messages.get(messageId);
    // Whether it is ephemeral was decided by the first answer; an edit only ends the "thinking…".
    const kept = (flags & ~MessageFlags.Loading) | ((change.flags ?? 0) & ~MessageFlags.Ephemeral);
    const message = this.#world.messages.edit(messageId, { ...change, flags: kept });
    this.events.emit('updated', interaction);
    return message;
  }

  remove(interaction: Interaction, messageId: string): void {
    this.#world.messages.delete(messageId);
    if (interaction.responseId === messageId) interaction.responseId = undefined;
    interaction.followUpIds = interaction.followUpIds.filter((id) => id !== messageId);
    this.events.emit('updated', interaction);
  }

  #createMessage(interaction: Interaction, content: MessageContent): Message {
    const { botUserId } = this.#world.application(interaction.applicationId);
    const ephemeral = ((content.flags ?? 0) & MessageFlags.Ephemeral) !== 0;
    return this.#world.messages.create(interaction.channelId, botUserId, content, {
      interaction: { id: interaction.id, userId: interaction.userId, applicationId: interaction.applicationId },
      ...(ephemeral ? { visibleTo: interaction.userId } : {}),
    });
  }

  async #send(
    application: Application,
    payload: { id: string; token: string },
    who: { channelId: string; userId: string },
    variant: Variant,
  ): Promise<Interaction> {
    const url = application.interactionsUrl;
    if (url === undefined) {
      throw new ApiError(
        400,
        0,
        `application ${application.id} has no interactions URL; set one with setInteractionsUrl`,
      );
    }
    const interaction: Interaction = {
      id: payload.id,
      token: payload.token,
      applicationId: application.id,
      channelId: who.channelId,
      userId: who.userId,
      createdAt: Date.now(),
      state: 'waiting',
      outcome: undefined,
      status: undefined,
      refusal: undefined,
      latencyMs: undefined,
      responseId: undefined,
      followUpIds: [],
    };
    this.#byId.set(interaction.id, interaction);
    this.#byToken.set(interaction.token, interaction);
    const request = signedRequest(JSON.stringify(payload), application.privateKey, variant);
    if (variant === 'replayed') {
      const first = await fetch(url, { method: 'POST', ...request, signal: AbortSignal.timeout(answerLimitMs) });
      await first.arrayBuffer();
      interaction.createdAt = Date.now();
    }
    await this.#deliver(interaction, url, request);
    return interaction;
  }

  async #deliver(interaction: Interaction, url: string, request: { headers: Record<string, string>; body: string }) {
    const overTime = AbortSignal.timeout(answerLimitMs);
    try {
      const response = await fetch(url, { method: 'POST', ...request, signal: overTime, redirect: 'manual' });
      interaction.status = response.status;
      const text = await response.text();
      if (interaction.state === 'answered') return; // by the callback route, before the HTTP response
      if (response.status === 202) return await this.#awaitCallback(interaction, overTime);
      const callback = response.ok ? callbackSchema.safeParse(jsonOrUndefined(text)) : undefined;
      if (callback?.success) this.answer(interaction, callback.data);
      else this.#fail(interaction, 'refused', text);
    } catch (error) {
      if (interaction.state === 'answered') return;
      this.#fail(interaction, error instanceof ApiError ? 'refused' : 'did_not_respond', String(error));
    }
  }

  #awaitCallback(interaction: Interaction, overTime: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.events.off('answered', check);
        overTime.removeEventListener('abort', late);
        resolve();
      };
      const check = (answered: Interaction) => {
        if (answered === interaction) done();
      };
      const late = () => {
        this.#fail(interaction, 'did_not_respond', 'accepted with 202, but no callback came');
        done();
      };
      this.events.on('answered', check);
      overTime.addEventListener('abort', late);
    });
  }

  #fail(interaction: Interaction, outcome: 'refused' | 'did_not_respond', refusal: string): void {
    interaction.state = 'failed';
    interaction.outcome = outcome;
    interaction.latencyMs = Date.now() - interaction.createdAt;
    interaction.refusal = refusal.slice(0, 2000);
    this.events.emit('answered', interaction);
  }
}

/** An application that has registered commands can be sent only those; one that has none gets any (a convenience). */
function registeredCommand(application: Application, { guildId, name }: CommandRequest): string | undefined {
  const known = [...(application.commands.get(guildId) ?? []), ...(application.commands.get('global') ?? [])];
  const found = known.find((command) => command.name === name && command.type === 1);
  if (!found && known.length > 0) {
    throw new ApiError(404, 10063, `no command /${name} is registered; known: ${known.map((c) => c.name).join(', ')}`);
  }
  return found?.id;
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the schema says what is wrong: no answer at all
  }
}

import { EventEmitter } from 'node:events';
import { MessageFlags } from 'discord-api-types/v10';
import { ApiError, invalidForm } from '../rest/errors.ts';
import type { MessageContent } from '../world/messages.ts';
import type { Message } from '../world/model.ts';
import type { World } from '../world/world.ts';
import { applyCallback, createAnswer, updateAnswer } from './answer-messages.ts';
import { type Callback, callbackBodySchema, checkCallback } from './callback.ts';
import {
  type AutocompleteRequest,
  type CommandRequest,
  type ContextCommandRequest,
  commandInteraction,
  contextInteraction,
} from './commands.ts';
import { type ClickRequest, clickInteraction, type SelectRequest, selectInteraction } from './components.ts';
import { type GatewayDelivery, onlyUserInstalled, postInteraction, userInstallFollowUps } from './delivery.ts';
import { pingInteraction } from './envelope.ts';
import { type Interaction, Kind, type Outgoing } from './interaction.ts';
import { type ModalFields, modalInteraction } from './modal-submit.ts';
import { ClientRefusal } from './refusal.ts';
import type { Variant } from './signature.ts';

export type { Interaction, Outcome } from './interaction.ts';

/** An interaction's token works this long, in ms. */
export const tokenLifeMs = 15 * 60_000;

export interface InteractionOptions {
  /** An application has this long to answer, in ms. Default (and Discord's): 3,000. */
  answerLimitMs?: number;
  /** The clock that the life of tokens is measured with, in ms. */
  now?: () => number;
}

export interface InteractionEvents {
  answered: [Interaction];
  /** The original was edited or deleted, or a follow-up came. */
  updated: [Interaction];
}

/**
 * Sends interactions to applications and takes their answers. Every method that sends one resolves when it was answered
 * or refused, or the time is over, and throws `ClientRefusal` for what Discord's client would not send.
 */
export class Interactions {
  readonly events = new EventEmitter<InteractionEvents>();
  readonly #world: World;
  readonly #gateway: GatewayDelivery;
  readonly #answerLimitMs: number;
  readonly #now: () => number;
  readonly #byId = new Map<string, Interaction>();
  readonly #byToken = new Map<string, Interaction>();

  constructor(world: World, gateway: GatewayDelivery, options: InteractionOptions = {}) {
    this.#world = world;
    this.#gateway = gateway;
    this.#answerLimitMs = options.answerLimitMs ?? 3_000;
    this.#now = options.now ?? Date.now;
    // One listener for each interaction that waits for its callback.
    this.events.setMaxListeners(0);
  }

  /** A person types a slash command. */
  command(request: CommandRequest, variant?: Variant): Promise<Interaction> {
    return this.#send(() => commandInteraction(this.#world, request), variant);
  }

  /** A person chooses a command from the menu of a user or a message. */
  contextCommand(request: ContextCommandRequest, variant?: Variant): Promise<Interaction> {
    return this.#send(() => contextInteraction(this.#world, request), variant);
  }

  /** A person is typing an option that has autocomplete. */
  autocomplete(request: AutocompleteRequest, variant?: Variant): Promise<Interaction> {
    return this.#send(() => commandInteraction(this.#world, request), variant);
  }

  click(request: ClickRequest, variant?: Variant): Promise<Interaction> {
    return this.#send(() => clickInteraction(this.#world, request), variant);
  }

  select(request: SelectRequest, variant?: Variant): Promise<Interaction> {
    return this.#send(() => selectInteraction(this.#world, request), variant);
  }

  /** Sends the modal that `opener` was answered with. It stays open when the application does not take it. */
  async submitModal(opener: Interaction, fields: ModalFields, variant?: Variant): Promise<Interaction> {
    const interaction = await this.#send(() => modalInteraction(this.#world, opener, fields), variant);
    if (interaction.state === 'answered') opener.modal = undefined;
    return interaction;
  }

  /** The PING that Discord sends to an interactions URL. */
  ping(applicationId: string, variant?: Variant): Promise<Interaction> {
    return this.#send(() => pingInteraction(this.#world, this.#world.application(applicationId)), variant);
  }

  get(id: string): Interaction | undefined {
    return this.#byId.get(id);
  }

  byToken(token: string): Interaction | undefined {
    return this.#byToken.get(token);
  }

  /** Has the token run out? Then even a rightly answered interaction can no longer be followed up. */
  isExpired(interaction: Interaction): boolean {
    return this.#now() - interaction.createdAt >= tokenLifeMs;
  }

  /** The first answer. Throws 10062 when it comes too late, 40060 when there was one already, 50035 when it does not fit. */
  answer(interaction: Interaction, callback: Callback): void {
    if (interaction.state === 'failed') throw new ApiError(404, 10062, 'Unknown interaction');
    if (interaction.state === 'answered') throw new ApiError(400, 40060, 'Interaction has already been acknowledged.');
    checkCallback(interaction, callback);
    const outcome = applyCallback(this.#world, interaction, callback);
    interaction.state = 'answered';
    interaction.latencyMs = this.#now() - interaction.createdAt;
    interaction.outcome = outcome;
    this.events.emit('answered', interaction);
  }

  followUp(interaction: Interaction, content: MessageContent): Message {
    const original =
      interaction.responseId === undefined ? undefined : this.#world.messages.get(interaction.responseId);
    // The first follow-up to "thinking…" takes its place (Discord docs, Followup Messages).
    if (original && original.flags & MessageFlags.Loading) return this.edit(interaction, original.id, content);
    const application = this.#world.application(interaction.applicationId);
    const limited = onlyUserInstalled(this.#world, application, interaction.guildId);
    if (limited && interaction.followUpIds.length >= userInstallFollowUps)
      throw new ApiError(400, 40094, 'This interaction has reached the maximum number of follow up messages');
    const message = createAnswer(this.#world, interaction, content, original?.id);
    interaction.followUpIds.push(message.id);
    this.events.emit('updated', interaction);
    return message;
  }

  edit(interaction: Interaction, messageId: string, change: MessageContent): Message {
    const message = updateAnswer(this.#world, messageId, change);
    this.events.emit('updated', interaction);
    return message;
  }

  remove(interaction: Interaction, messageId: string): void {
    this.#world.messages.delete(messageId);
    if (interaction.responseId === messageId) interaction.responseId = undefined;
    interaction.followUpIds = interaction.followUpIds.filter((id) => id !== messageId);
    this.events.emit('updated', interaction);
  }

  async #send(make: () => Outgoing, variant: Variant = 'good'): Promise<Interaction> {
    const { payload, ...sent } = make();
    const application = this.#world.application(String(payload.application_id));
    const url = application.interactionsUrl;
    if (url === undefined && (sent.kind === Kind.Ping || variant !== 'good')) {
      const message = `application ${application.id} has no interactions URL; set one with setInteractionsUrl`;
      throw new ClientRefusal('no_way_to_application', message);
    }
    const interaction: Interaction = {
      id: payload.id,
      token: payload.token,
      applicationId: application.id,
      kind: sent.kind,
      channelId: sent.channelId,
      guildId: sent.guildId,
      userId: sent.userId,
      createdAt: this.#now(),
      state: 'waiting',
      outcome: undefined,
      status: undefined,
      refusal: undefined,
      latencyMs: undefined,
      sourceMessageId: sent.sourceMessageId,
      command: sent.command,
      focusedType: sent.focusedType,
      responseId: undefined,
      followUpIds: [],
      modal: undefined,
      choices: undefined,
    };
    this.#byId.set(interaction.id, interaction);
    this.#byToken.set(interaction.token, interaction);
    if (url === undefined) {
      const answered = this.#awaitCallback(interaction, 'no callback came in time');
      if (!this.#gateway(application.botUserId, sent.guildId, payload))
        this.#fail(
          interaction,
          'did_not_respond',
          'the application has neither an interactions URL nor a gateway session',
        );
      await answered;
    } else await this.#post(interaction, url, payload, variant);
    return interaction;
  }

  async #post(interaction: Interaction, url: string, payload: unknown, variant: Variant): Promise<void> {
    try {
      const application = this.#world.application(interaction.applicationId);
      const late = this.#awaitCallback(interaction, 'no answer came in time');
      const response = await postInteraction(url, payload, application, variant, this.#answerLimitMs);
      interaction.status = response.status;
      if (interaction.state !== 'waiting') return; // by the callback route, before the HTTP response
      if (response.status === 202) return await late;
      const callback = callbackBodySchema.safeParse(response.json);
      if (response.ok && callback.success) this.answer(interaction, callback.data);
      else this.#fail(interaction, 'refused', reasonOf(response, callback.error));
    } catch (error) {
      if (interaction.state !== 'waiting') return;
      const refused = error instanceof ApiError;
      this.#fail(interaction, refused ? 'refused' : 'did_not_respond', refused ? formOf(error) : String(error));
    }
  }

  /** Resolves when the interaction is answered or failed; fails it when the time is over. */
  #awaitCallback(interaction: Interaction, reason: string): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#fail(interaction, 'did_not_respond', reason), this.#answerLimitMs).unref();
      const check = (settled: Interaction) => {
        if (settled !== interaction) return;
        clearTimeout(timer);
        this.events.off('answered', check);
        resolve();
      };
      this.events.on('answered', check);
    });
  }

  #fail(interaction: Interaction, outcome: 'refused' | 'did_not_respond', refusal: string): void {
    if (interaction.state !== 'waiting') return;
    interaction.state = 'failed';
    interaction.outcome = outcome;
    interaction.latencyMs = this.#now() - interaction.createdAt;
    interaction.refusal = refusal.slice(0, 2000);
    this.events.emit('answered', interaction);
  }
}

/** What the application said; or, where it said 2xx with a body that is no answer, what is wrong with that. */
function reasonOf({ ok, text }: { ok: boolean; text: string }, error: Parameters<typeof invalidForm>[0] | undefined) {
  return ok && error ? `${text.slice(0, 1000)} (${formOf(invalidForm(error))})` : text;
}

function formOf(error: ApiError): string {
  return JSON.stringify(error.body());
}

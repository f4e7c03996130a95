/** Where the text relay writes: Discord, as the identity of a leg. */
import { DiscordAPIError, type REST } from '@discordjs/rest';
import { PatchbayError } from '@patchbay/shared/errors';
import type { LegSpec } from '@patchbay/shared/session-spec';
import { MessageFlags, Routes } from 'discord-api-types/v10';

export type Place = Pick<LegSpec, 'channelId' | 'identityId'>;

/** Each call rejects where Discord refuses, or does not answer in time; `signal` gives up. */
export interface Outlet {
  /** Posts once, however often it has to be asked: Discord knows the `nonce`. Answers the message's id. */
  post(to: Place, content: string, nonce: string, signal: AbortSignal): Promise<string>;
  /** A message that is gone already is no error. */
  edit(to: Place, messageId: string, content: string, signal: AbortSignal): Promise<void>;
  remove(to: Place, messageId: string, signal: AbortSignal): Promise<void>;
}

/** For each of two tries, waits that Discord asks for included. Milliseconds. */
const TRY_MS = 5_000;
const UNKNOWN_MESSAGE = 10_008;

/** Nobody is pinged, and nothing of the text becomes a preview. */
const quiet = { allowed_mentions: { parse: [] }, flags: MessageFlags.SuppressEmbeds };

/** Rejects when the signal says so, even where the work does not listen to it. */
function limited<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', stop));
}

export class DiscordOutlet implements Outlet {
  readonly #restOf: (identityId: string) => REST | undefined;
  readonly #tryMs: number;

  constructor(restOf: (identityId: string) => REST | undefined, tryMs = TRY_MS) {
    this.#restOf = restOf;
    this.#tryMs = tryMs;
  }

  async post(to: Place, content: string, nonce: string, signal: AbortSignal): Promise<string> {
    const body = { content, nonce, enforce_nonce: true, ...quiet };
    const message = await this.#ask(to, signal, (rest, within) =>
      rest.post(Routes.channelMessages(to.channelId), { body, signal: within }),
    );
    return (message as { id: string }).id;
  }

  async edit(to: Place, messageId: string, content: string, signal: AbortSignal): Promise<void> {
    const route = Routes.channelMessage(to.channelId, messageId);
    await this.#ask(to, signal, (rest, within) =>
      rest.patch(route, { body: { content, ...quiet }, signal: within }),
    ).catch(unlessGone);
  }

  async remove(to: Place, messageId: string, signal: AbortSignal): Promise<void> {
    const route = Routes.channelMessage(to.channelId, messageId);
    await this.#ask(to, signal, (rest, within) => rest.delete(route, { signal: within })).catch(unlessGone);
  }

  /** Asks, and once more where it is not known what became of it. */
  async #ask(
    { identityId }: Place,
    signal: AbortSignal,
    ask: (rest: REST, within: AbortSignal) => Promise<unknown>,
  ): Promise<unknown> {
    const rest = this.#restOf(identityId);
    if (!rest) throw new PatchbayError('no_identity', `Identity ${identityId} is not of this voice node.`);
    const once = () => {
      const within = AbortSignal.any([signal, AbortSignal.timeout(this.#tryMs)]);
      return limited(ask(rest, within), within);
    };
    return once().catch((error) => {
      // A refusal stays one.
      if (error instanceof DiscordAPIError || signal.aborted) throw error;
      return once();
    });
  }
}

function unlessGone(error: unknown): void {
  if (!(error instanceof DiscordAPIError && error.code === UNKNOWN_MESSAGE)) throw error;
}

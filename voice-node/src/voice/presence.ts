/** Tells by the gateway's word whether the identity is still in the channel, and why it no longer is. */
import type { EndReason } from '@patchbay/shared/end-reason';
import { LEAVE_TIMEOUT_MS } from './leg-state.ts';

/** Discord tells of a deleted channel a moment before or after it empties it. ms */
const REASON_GRACE_MS = 300;

export interface PresenceOptions {
  channelId: string;
  /** While the main gateway is away, nobody can tell a kick from an outage. */
  isGatewayConnected: () => boolean;
  onGone: (reason: EndReason, message: string) => void;
}

export class Presence {
  readonly #options: PresenceOptions;
  #seen = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  /** Whether the gateway has confirmed the join. */
  get seenInChannel(): boolean {
    return this.#seen;
  }

  /** The gateway tells where the identity is now; null = in no channel. */
  voiceState(channelId: string | null): void {
    if (channelId === this.#options.channelId) {
      this.#seen = true;
      this.settle();
      return;
    }
    // Before the join was confirmed this speaks of an earlier leg.
    if (!this.#seen) return;
    this.settle();
    if (channelId !== null) {
      // At once: the library follows into the other channel, whose people nobody has routed anywhere.
      this.#options.onGone('bot_moved', 'Somebody moved the bot to another voice channel.');
      return;
    }
    this.#timer = setTimeout(
      () => this.#options.onGone('bot_removed', 'Somebody disconnected the bot from the voice channel.'),
      REASON_GRACE_MS,
    );
  }

  /** Close code 4014: the voice state that follows says whether it was a kick or a move. */
  connectionClosed(): void {
    if (this.#seen && !this.#timer) this.#awaitReason();
  }

  /** The place in voice went with the gateway session: the join has to be confirmed anew. */
  forget(): void {
    this.#seen = false;
    this.settle();
  }

  /** No reason is waited for any longer. */
  settle(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #awaitReason(): void {
    this.#timer = setTimeout(() => {
      if (this.#options.isGatewayConnected()) {
        this.#options.onGone('bot_removed', 'Discord closed the voice connection and asked not to come back.');
      } else {
        this.#awaitReason();
      }
    }, LEAVE_TIMEOUT_MS);
  }
}

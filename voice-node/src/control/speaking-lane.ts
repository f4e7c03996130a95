/** The ephemeral lane: who speaks. Newest wins; what cannot be sent now is dropped, never stored. */
import type { EphemeralOf } from '@patchbay/shared/control-messages';

type Speaking = EphemeralOf<'voice.speaking'>;

const DEBOUNCE_MS = 50;

export class SpeakingLane {
  readonly #send: (message: Speaking) => boolean;
  readonly #pending = new Map<string, Speaking>();
  readonly #told = new Map<string, boolean>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(send: (message: Speaking) => boolean) {
    this.#send = send;
  }

  speaking(guildId: string, channelId: string, userId: string, speaking: boolean): void {
    const key = `${channelId}/${userId}`;
    this.#pending.set(key, { v: 1, type: 'ephemeral', event: 'voice.speaking', guildId, channelId, userId, speaking });
    this.#timer ??= setTimeout(() => this.#flush(), DEBOUNCE_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#pending.clear();
  }

  #flush(): void {
    this.#timer = undefined;
    for (const [key, message] of this.#pending) {
      // Started and stopped again within the debounce: nothing to tell.
      if ((this.#told.get(key) ?? false) === message.speaking) continue;
      if (!this.#send(message)) continue;
      if (message.speaking) this.#told.set(key, true);
      else this.#told.delete(key);
    }
    this.#pending.clear();
  }
}

/** The captions of a session on its legs: a listener of packets for each leg that a spec names. */
import type { SessionSpec } from '@patchbay/shared/session-spec';
import type { CaptionDesk } from '../captions/caption-desk.ts';
import type { SessionCaptions } from '../captions/session/session-captions.ts';
import type { SessionLeg } from './session-leg.ts';

export class SessionCaptionLegs {
  readonly #desk: CaptionDesk | undefined;
  readonly #listeners = new Map<string, () => void>();
  #captions: SessionCaptions | undefined;

  constructor(desk: CaptionDesk | undefined) {
    this.#desk = desk;
  }

  /** Captions what the spec says, of these legs. */
  apply(spec: SessionSpec, views: readonly SessionLeg[]): void {
    if (spec.captions) this.#captions ??= this.#desk?.open(spec);
    if (!this.#captions) return;
    this.#captions.apply(spec);
    for (const [legId, detach] of this.#listeners) {
      if (this.#captions.has(legId)) continue;
      detach();
      this.#listeners.delete(legId);
    }
    for (const view of views) {
      const { legId } = view;
      if (!this.#captions.has(legId) || this.#listeners.has(legId)) continue;
      this.#listeners.set(
        legId,
        view.onStorablePacket((packet) => this.#captions?.packet(legId, packet)),
      );
    }
  }

  /** Ends it; resolves when the last words are told, or soon. */
  async finish(): Promise<void> {
    for (const detach of this.#listeners.values()) detach();
    this.#listeners.clear();
    if (this.#captions) await this.#desk?.finish(this.#captions);
  }
}

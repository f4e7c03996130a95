/** The recordings of a session, one after the other: each lasts from a spec that asks for one to a spec that does not. */
import type { SessionSpec } from '@patchbay/shared/session-spec';
import { now } from '../ops/clock.ts';
import type { ConsentChange } from './consent.ts';
import type { SessionLeg } from './session-leg.ts';
import { SessionRecording, type SessionRecordingOptions } from './session-recording.ts';

type Tools = Omit<SessionRecordingOptions, 'sessionId' | 'timeZero' | 'at'>;

export class SessionRecordings {
  readonly #tools: Tools;
  #recording: SessionRecording | undefined;
  #count = 0;

  constructor(tools: Tools) {
    this.#tools = tools;
  }

  /** Somebody opted out, or in again: at once, whatever else the spec brings. */
  consent(changes: readonly ConsentChange[]): void {
    this.#recording?.consent(changes);
  }

  /** Records what the spec says, of these legs. */
  async apply({ id, timeZero, record, legs }: SessionSpec, views: readonly SessionLeg[]): Promise<void> {
    if (!record) {
      await this.finish();
      return;
    }
    if (!this.#recording) {
      const at = this.#count === 0 ? timeZero : now();
      this.#count += 1;
      this.#recording = new SessionRecording({ ...this.#tools, sessionId: id, timeZero, at });
    }
    const recording = this.#recording;
    const wanted = new Set(record.legs);
    const stopping = views.filter(({ legId }) => recording.has(legId) && !wanted.has(legId));
    await Promise.all(stopping.map(({ legId }) => recording.detach(legId)));
    // Not awaited: a slow notice must not hold up the call. Errors become `recording.failed` inside.
    for (const view of views) {
      if (!wanted.has(view.legId) || recording.has(view.legId)) continue;
      void recording.attach(view, legs.find(({ legId }) => legId === view.legId)?.language);
    }
  }

  async finish(endAt?: number): Promise<void> {
    const recording = this.#recording;
    this.#recording = undefined;
    await recording?.finish(endAt);
  }
}

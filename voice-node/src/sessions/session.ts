/** A session spec made real: legs, bridge, recording. */
import type { EndReason } from '@patchbay/shared/end-reason';
import { PatchbayError } from '@patchbay/shared/errors';
import type { NodeEventDraft } from '@patchbay/shared/events';
import type { LegSpec, SessionSpec } from '@patchbay/shared/session-spec';
import { Bridge } from '../bridge/bridge.ts';
import { now } from '../ops/clock.ts';
import type { Logger } from '../ops/logger.ts';
import type { LegState } from '../voice/leg.ts';
import type { LegPool } from './leg-pool.ts';
import type { RecordingDesk } from './recording-desk.ts';
import type { RecordingNotice } from './recording-notice.ts';
import type { RunningLeg } from './running-leg.ts';
import { SessionLeg } from './session-leg.ts';
import { SessionRecording } from './session-recording.ts';

export interface SessionTools {
  pool: LegPool;
  notice: RecordingNotice;
  desk: RecordingDesk | undefined;
  recordingOff: string | undefined;
  /** False: bridges mix always. For measurements. */
  passThrough?: boolean;
  report: (draft: NodeEventDraft) => void;
  logger: Logger;
}

interface Used {
  spec: LegSpec;
  view: SessionLeg;
  listener: (state: LegState) => void;
}

export class Session {
  readonly id: string;
  #spec: SessionSpec;
  readonly #tools: SessionTools;
  readonly #logger: Logger;
  readonly #onEnded: (session: Session, reason: EndReason) => Promise<void>;
  readonly #used = new Map<string, Used>();
  /** Legs whose session.connecting went out. */
  readonly #announced = new Map<string, LegSpec>();
  #bridge: Bridge | undefined;
  #recording: SessionRecording | undefined;
  #recordings = 0;
  #limit: ReturnType<typeof setTimeout> | undefined;
  #changes: Promise<void> = Promise.resolve();
  #ending: Promise<void> | undefined;

  /** `onEnded` is called before the ended events go out: the end must be durable first. */
  constructor(spec: SessionSpec, tools: SessionTools, onEnded: (session: Session, reason: EndReason) => Promise<void>) {
    this.id = spec.id;
    this.#spec = spec;
    this.#tools = tools;
    this.#onEnded = onEnded;
    this.#logger = tools.logger.child({ sessionId: spec.id });
  }

  get revision(): number {
    return this.#spec.revision;
  }

  get spec(): SessionSpec {
    return this.#spec;
  }

  start(): void {
    this.#change(this.#spec);
  }

  /** Takes a newer revision; legs that are in both go on untouched. */
  update(spec: SessionSpec): void {
    this.#spec = spec;
    this.#change(spec);
  }

  /** Ends the session; the same promise for everybody who asks. */
  end(reason: EndReason, message?: string, revision?: number): Promise<void> {
    if (revision !== undefined && revision > this.revision) this.#spec = { ...this.#spec, revision };
    this.#ending ??= this.#end(reason, message);
    return this.#ending;
  }

  #change(spec: SessionSpec): void {
    this.#changes = this.#changes.then(async () => {
      if (this.#ending) return;
      try {
        await this.#make(spec);
      } catch (error) {
        const refusal = error instanceof PatchbayError ? error : undefined;
        this.#logger.error({ err: error }, 'the session could not be made');
        void this.end(
          refusal?.code === 'no_identity' ? 'no_identity' : 'error',
          refusal?.message ?? 'The voice node failed to set the session up. See its log.',
        );
      }
    });
  }

  async #make(spec: SessionSpec): Promise<void> {
    const { report, pool } = this.#tools;
    const wanted = new Map(spec.legs.map((leg) => [leg.legId, leg]));
    const gone = [...this.#used.values()].filter(({ spec: { legId } }) => !wanted.has(legId));
    const fresh = spec.legs.filter(({ legId }) => !this.#used.has(legId));
    this.#arm(spec);

    for (const leg of fresh) {
      this.#announced.set(leg.legId, leg);
      report({ type: 'session.connecting', ...this.#about(leg) });
    }
    for (const leg of fresh) {
      const running = await pool.acquire(leg);
      if (this.#ending) {
        await pool.release(running, 'policy');
        return;
      }
      this.#use(leg, running);
      // A leg that was closed already has ended the session: a bridge made now would never be closed.
      if (this.#ending) return;
    }
    if (fresh.length > 0 || gone.length > 0 || !this.#bridge) this.#rebuildBridge(spec, gone);
    else this.#bridge.updateRoutes(spec.routes);
    await this.#applyRecording(spec);
    for (const used of gone) {
      this.#announced.delete(used.spec.legId);
      await this.#giveBack(used, 'policy');
    }
  }

  #use(spec: LegSpec, leg: RunningLeg): void {
    const view = new SessionLeg(spec.legId, leg);
    const listener = (state: LegState): void => this.#legState(spec, state);
    this.#used.set(spec.legId, { spec, view, listener });
    leg.on('state', listener);
    if (leg.state.kind !== 'connecting') listener(leg.state);
  }

  async #giveBack({ spec, view, listener }: Used, reason: EndReason): Promise<void> {
    this.#used.delete(spec.legId);
    view.leg.off('state', listener);
    view.detach();
    await this.#tools.pool.release(view.leg, reason);
  }

  #rebuildBridge(spec: SessionSpec, gone: readonly Used[]): void {
    this.#bridge?.close();
    const leaving = new Set(gone.map((used) => used.spec.legId));
    const legs = [...this.#used.values()].map(({ view }) => view).filter(({ legId }) => !leaving.has(legId));
    for (const leg of legs) leg.newSender();
    this.#bridge = new Bridge({ legs, routes: spec.routes, passThrough: this.#tools.passThrough ?? true });
  }

  async #applyRecording(spec: SessionSpec): Promise<void> {
    if (!spec.record) {
      const recording = this.#recording;
      this.#recording = undefined;
      await recording?.finish();
      return;
    }
    if (!this.#recording) {
      const at = this.#recordings === 0 ? spec.timeZero : now();
      this.#recordings += 1;
      this.#recording = new SessionRecording({ ...this.#tools, sessionId: spec.id, timeZero: spec.timeZero, at });
    }
    const recording = this.#recording;
    recording.optedOut = new Set(spec.record.optedOut);
    const wanted = new Set(spec.record.legs);
    const stopping = [...this.#used.keys()].filter((legId) => recording.has(legId) && !wanted.has(legId));
    await Promise.all(stopping.map((legId) => recording.detach(legId)));
    // Not awaited: a slow notice must not hold up the call. Errors become `recording.failed` inside.
    for (const legId of wanted) {
      const view = this.#used.get(legId)?.view;
      if (view && !recording.has(legId)) void recording.attach(view);
    }
  }

  #arm({ timeZero, limits }: SessionSpec): void {
    clearTimeout(this.#limit);
    if (limits.seconds === 0) return;
    const left = Math.max(0, timeZero + limits.seconds * 1_000 - now());
    // setTimeout takes 31 bits; longer limits are looked at again then.
    this.#limit = setTimeout(
      () => (left > 2 ** 31 - 1 ? this.#arm(this.#spec) : void this.end('timeout', 'The time limit was reached.')),
      Math.min(left, 2 ** 31 - 1),
    );
  }

  #legState(spec: LegSpec, state: LegState): void {
    if (this.#ending) return;
    const { report } = this.#tools;
    if (state.kind === 'ready') {
      report({ type: 'session.active', ...this.#about(spec), daveVersion: state.daveVersion });
    } else if (state.kind === 'reconnecting') {
      report({
        type: 'session.degraded',
        ...this.#about(spec),
        code: 'leg_reconnecting',
        message: 'The voice connection was lost; the voice node is connecting again.',
      });
    } else if (state.kind === 'closed') {
      void this.end(state.reason, state.message);
    }
  }

  #about({ guildId, legId }: LegSpec): { guildId: string; legId: string; sessionId: string; revision: number } {
    return { guildId, legId, sessionId: this.id, revision: this.revision };
  }

  async #end(reason: EndReason, message: string | undefined): Promise<void> {
    clearTimeout(this.#limit);
    const endAt = now();
    this.#bridge?.close();
    // A change under way sees that the session is ending, and gives back what it got.
    await this.#changes;
    const used = [...this.#used.values()];
    for (const { view } of used) view.stopSpeaking();
    await this.#recording
      ?.finish(endAt)
      .catch((error) => this.#logger.error({ err: error }, 'the recording could not be finished'));
    await Promise.all(used.map((one) => this.#giveBack(one, reason)));
    await this.#onEnded(this, reason).catch((error) =>
      this.#logger.error(
        { err: error },
        'the end of the session could not be written down; check the disk of DATA_DIR',
      ),
    );
    for (const spec of this.#announced.values()) {
      this.#tools.report({
        type: 'session.ended',
        ...this.#about(spec),
        reason,
        ...(message === undefined ? {} : { message }),
      });
    }
    this.#logger.info({ reason }, 'session ended');
  }
}

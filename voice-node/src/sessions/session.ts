/** A session spec made real: legs, bridge, recording. */
import type { EndReason } from '@patchbay/shared/end-reason';
import { PatchbayError } from '@patchbay/shared/errors';
import type { NodeEventDraft } from '@patchbay/shared/events';
import { isStillACall, routesAmong } from '@patchbay/shared/routing';
import type { LegSpec, SessionSpec } from '@patchbay/shared/session-spec';
import { tones } from '../audio/tones/tones.ts';
import { Bridge } from '../bridge/bridge.ts';
import { now } from '../ops/clock.ts';
import type { Logger } from '../ops/logger.ts';
import type { RelayDesk } from '../relay/relay-desk.ts';
import { type Heard, SessionRing } from '../reports/session-ring.ts';
import type { LegState } from '../voice/leg.ts';
import type { Announcer } from './announcer.ts';
import type { LegPool } from './leg-pool.ts';
import type { RecordingDesk } from './recording-desk.ts';
import type { RecordingNotice } from './recording-notice.ts';
import type { RunningLeg } from './running-leg.ts';
import { SessionLeg } from './session-leg.ts';
import { SessionRecording } from './session-recording.ts';
import { TimeLimit } from './time-limit.ts';

export interface SessionTools {
  pool: LegPool;
  notice: RecordingNotice;
  announcer: Announcer;
  desk: RecordingDesk | undefined;
  recordingOff: string | undefined;
  /** Absent: this node does not read messages, and relays none. */
  relays?: RelayDesk;
  /** The last ten seconds are kept where a spec says so: they can be stored. */
  sealing?: boolean;
  /** False: bridges mix always. For measurements. */
  passThrough?: boolean;
  report: (draft: NodeEventDraft) => void;
  logger: Logger;
}

/** Why a session ends. */
export interface SessionEnd {
  reason: EndReason;
  message?: string;
  /** The leg on whose side it came up. */
  by?: string;
}

interface Used {
  spec: LegSpec;
  view: SessionLeg;
  listener: (state: LegState) => void;
  /** Was ready at least once. */
  met: boolean;
  /** Is a part of the bridge. */
  bridged: boolean;
}

export class Session {
  readonly id: string;
  #spec: SessionSpec;
  readonly #tools: SessionTools;
  readonly #logger: Logger;
  readonly #onEnded: (session: Session, end: SessionEnd) => Promise<void>;
  readonly #used = new Map<string, Used>();
  /** Legs whose session.connecting went out. */
  readonly #announced = new Map<string, LegSpec>();
  /** Legs that closed while the session goes on; a spec that still names them is older than the news. */
  readonly #lost = new Map<string, { reason: EndReason; message?: string }>();
  #bridge: Bridge | undefined;
  #recording: SessionRecording | undefined;
  #recordings = 0;
  readonly #ring = new SessionRing();
  readonly #limit: TimeLimit;
  readonly #relay: ReturnType<RelayDesk['open']> | undefined;
  #changes: Promise<void> = Promise.resolve();
  #ending: Promise<void> | undefined;

  /** `onEnded` is called before the ended events go out: the end must be durable first. */
  constructor(spec: SessionSpec, tools: SessionTools, onEnded: (session: Session, end: SessionEnd) => Promise<void>) {
    this.id = spec.id;
    this.#spec = spec;
    this.#tools = tools;
    this.#onEnded = onEnded;
    this.#logger = tools.logger.child({ sessionId: spec.id });
    this.#relay = tools.relays?.open(spec.id);
    this.#limit = new TimeLimit({
      warn: (secondsLeft) => this.#warn(secondsLeft),
      end: () => void this.end({ reason: 'timeout', message: 'The time limit was reached.' }),
    });
  }

  get revision(): number {
    return this.#spec.revision;
  }

  get spec(): SessionSpec {
    return this.#spec;
  }

  /** What was said in the last ten seconds; `undefined` when the session is ending. */
  heard(): Heard | undefined {
    return this.#ending ? undefined : this.#ring.take(this.#spec);
  }

  start(): void {
    this.#change();
  }

  /** Takes a newer revision; legs that are in both go on untouched. */
  update(spec: SessionSpec): void {
    this.#spec = spec;
    this.#change();
  }

  /** Ends the session; the same promise for everybody who asks. */
  end(end: SessionEnd, revision?: number): Promise<void> {
    if (revision !== undefined && revision > this.revision) this.#spec = { ...this.#spec, revision };
    this.#ending ??= this.#end(end);
    return this.#ending;
  }

  /** Another node owns these identities now: their legs fall silent without a word to Discord, which would throw the new owner out. */
  abandon(identityId: string): void {
    for (const { view } of this.#used.values()) if (view.leg.identityId === identityId) view.leg.abandon();
  }

  #change(): void {
    this.#changes = this.#changes.then(async () => {
      if (this.#ending) return;
      const spec = this.#present();
      try {
        await this.#make(spec);
      } catch (error) {
        const refusal = error instanceof PatchbayError ? error : undefined;
        this.#logger.error({ err: error }, 'the session could not be made');
        void this.end({
          reason: refusal?.code === 'no_identity' ? 'no_identity' : 'error',
          message: refusal?.message ?? 'The voice node failed to set the session up. See its log.',
        });
      }
    });
  }

  /** The newest spec without the legs that are lost. */
  #present(): SessionSpec {
    const legs = this.#spec.legs.filter(({ legId }) => !this.#lost.has(legId));
    if (legs.length === this.#spec.legs.length) return this.#spec;
    const legIds = legs.map(({ legId }) => legId);
    return { ...this.#spec, legs, routes: routesAmong(this.#spec.routes, legIds) };
  }

  async #make(spec: SessionSpec): Promise<void> {
    const { report, pool } = this.#tools;
    const wanted = new Map(spec.legs.map((leg) => [leg.legId, leg]));
    const gone = [...this.#used.values()].filter(({ spec: { legId } }) => !wanted.has(legId));
    const fresh = spec.legs.filter(({ legId }) => !this.#used.has(legId));
    this.#limit.arm(spec);

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
    this.#applyHolds(spec);
    this.#applyRelay();
    if (this.#tools.sealing)
      this.#ring.apply(
        spec,
        [...this.#used.values()].map(({ view }) => view),
      );
    await this.#applyRecording(spec);
    for (const used of gone) await this.#drop(used);
  }

  #use(spec: LegSpec, leg: RunningLeg): void {
    const view = new SessionLeg(spec.legId, leg);
    const used: Used = { spec, view, listener: (state) => this.#legState(used, state), met: false, bridged: false };
    this.#used.set(spec.legId, used);
    leg.on('state', used.listener);
    if (leg.state.kind !== 'connecting') used.listener(leg.state);
  }

  /** The session goes on without this leg. */
  async #drop(used: Used): Promise<void> {
    const { legId } = used.spec;
    const { reason, message } = this.#lost.get(legId) ?? { reason: 'command' as const };
    this.#announced.delete(legId);
    await this.#giveBack(used, reason);
    const words = message === undefined ? {} : { message };
    this.#tools.report({ type: 'session.ended', ...this.#about(used.spec), reason, by: legId, goesOn: true, ...words });
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
    for (const used of this.#used.values()) {
      if (used.met && !used.bridged) this.#announceMonitor(used.spec);
      used.bridged = true;
    }
  }

  /** Sides on hold hear the hold tone. A bridge that was made anew knows of none. */
  #applyHolds(spec: SessionSpec): void {
    const held = new Set(spec.holds);
    for (const { legId } of spec.legs) if (this.#used.has(legId)) this.#bridge?.hold(legId, held.has(legId));
  }

  /** Text goes between sides whose people hear each other. */
  #applyRelay(): void {
    const connected = [...this.#used.values()].flatMap(({ met, spec: { legId } }) => (met ? [legId] : []));
    this.#relay?.update(this.#present(), new Set(connected));
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
    recording.optedOut = new Set(spec.optedOut);
    const wanted = new Set(spec.record.legs);
    const stopping = [...this.#used.keys()].filter((legId) => recording.has(legId) && !wanted.has(legId));
    await Promise.all(stopping.map((legId) => recording.detach(legId)));
    // Not awaited: a slow notice must not hold up the call. Errors become `recording.failed` inside.
    for (const legId of wanted) {
      const view = this.#used.get(legId)?.view;
      if (!view || recording.has(legId)) continue;
      void recording.attach(view).then((refusal) => {
        const reason = refusal?.code === 'notice_refused' ? 'notice_refused' : 'error';
        if (refusal && this.#spec.record?.required) void this.end({ reason, message: refusal.message, by: legId });
      });
    }
  }

  #warn(secondsLeft: number): void {
    const legs = [...this.#used.values()].map(({ spec }) => spec);
    for (const leg of legs) this.#tools.report({ type: 'session.warning', ...this.#about(leg), secondsLeft });
    this.#tools.announcer.endsSoon(legs, secondsLeft);
  }

  #legState(used: Used, state: LegState): void {
    if (this.#ending) return;
    const { report } = this.#tools;
    const { spec } = used;
    if (state.kind === 'ready') {
      report({ type: 'session.active', ...this.#about(spec), daveVersion: state.daveVersion });
      if (!used.met && used.bridged) this.#announceMonitor(spec);
      const first = !used.met;
      used.met = true;
      if (first) this.#applyRelay();
    } else if (state.kind === 'reconnecting') {
      report({
        type: 'session.degraded',
        ...this.#about(spec),
        code: 'leg_reconnecting',
        message: 'The voice connection was lost; the voice node is connecting again.',
      });
    } else if (state.kind === 'closed') {
      this.#legClosed(spec, state);
    }
  }

  /** A monitor is never hidden: everybody else in the call reads and hears that it listens now. */
  #announceMonitor(spec: LegSpec): void {
    if (spec.role !== 'monitor') return;
    const others = this.#present().legs.filter(({ legId }) => legId !== spec.legId);
    this.#tools.announcer.monitorListens(spec, others);
    for (const { legId } of others) if (this.#used.get(legId)?.bridged) this.#bridge?.play(legId, tones.connect);
  }

  /** A leg is lost: the others go on as long as they are a call. */
  #legClosed({ legId }: LegSpec, { reason, message }: Extract<LegState, { kind: 'closed' }>): void {
    const words = message === undefined ? {} : { message };
    this.#lost.set(legId, { reason, ...words });
    const { legs, routes } = this.#present();
    if (reason !== 'node_lost' && isStillACall(legs, routes)) this.#change();
    else void this.end({ reason, ...words, by: legId });
  }

  #about({ guildId, legId }: LegSpec): { guildId: string; legId: string; sessionId: string; revision: number } {
    return { guildId, legId, sessionId: this.id, revision: this.revision };
  }

  async #end(end: SessionEnd): Promise<void> {
    const { reason } = end;
    this.#limit.clear();
    this.#relay?.close();
    const endAt = now();
    this.#bridge?.close();
    // A change under way sees that the session is ending, and gives back what it got.
    await this.#changes;
    this.#ring.close();
    const used = [...this.#used.values()];
    for (const { view } of used) view.stopSpeaking();
    await this.#recording
      ?.finish(endAt)
      .catch((error) => this.#logger.error({ err: error }, 'the recording could not be finished'));
    await Promise.all(used.map((one) => this.#giveBack(one, reason)));
    await this.#onEnded(this, end).catch((error) =>
      this.#logger.error(
        { err: error },
        'the end of the session could not be written down; check the disk of DATA_DIR',
      ),
    );
    const told = [...this.#announced.values()];
    for (const spec of told) this.#tools.report({ type: 'session.ended', ...this.#about(spec), ...end });
    // The new owner of the identity speaks for it now.
    if (reason !== 'node_lost') this.#tools.announcer.ended(told, reason, end.by);
    this.#logger.info(end, 'session ended');
  }
}

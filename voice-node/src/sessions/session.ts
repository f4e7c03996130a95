/** A session spec made real: legs, bridge, recording. */
import type { SessionStats } from '@patchbay/shared/control-messages';
import type { EndReason } from '@patchbay/shared/end-reason';
import { PatchbayError } from '@patchbay/shared/errors';
import { isStillACall, routesAmong } from '@patchbay/shared/routing';
import type { LegSpec, SessionSpec } from '@patchbay/shared/session-spec';
import { tones } from '../audio/tones/tones.ts';
import { now } from '../ops/clock.ts';
import type { Logger } from '../ops/logger.ts';
import { realTime, type Scheduler } from '../ops/scheduler.ts';
import type { RelayDesk } from '../relay/relay-desk.ts';
import { type Heard, SessionRing } from '../reports/session-ring.ts';
import type { LegState } from '../voice/leg.ts';
import { Consent } from './consent.ts';
import { farewell } from './farewell.ts';
import type { RunningLeg } from './running-leg.ts';
import { SessionBridge } from './session-bridge.ts';
import { SessionLeg } from './session-leg.ts';
import { SessionRecordings } from './session-recordings.ts';
import type { SessionEnd, SessionTools } from './session-tools.ts';
import { TimeLimit } from './time-limit.ts';

interface Used {
  spec: LegSpec;
  view: SessionLeg;
  listener: (state: LegState) => void;
  /** Was ready at least once. */
  met: boolean;
  /** Was told that it is in the call now, and the others of a monitor. */
  greeted: boolean;
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
  readonly #bridge: SessionBridge;
  readonly #scheduler: Scheduler;
  /** All legs were connected at once: people talk. */
  #begun = false;
  /** Legs on their way out while the session goes on. */
  readonly #leaving = new Set<Promise<void>>();
  readonly #consent = new Consent();
  readonly #recordings: SessionRecordings;
  readonly #ring = new SessionRing();
  readonly #relay: ReturnType<RelayDesk['open']> | undefined;
  readonly #limit: TimeLimit;
  #changes: Promise<void> = Promise.resolve();
  #ending: Promise<void> | undefined;

  /** `onEnded` is called before the ended events go out: the end must be durable first. */
  constructor(spec: SessionSpec, tools: SessionTools, onEnded: (session: Session, end: SessionEnd) => Promise<void>) {
    this.id = spec.id;
    this.#spec = spec;
    this.#tools = tools;
    this.#onEnded = onEnded;
    this.#scheduler = tools.scheduler ?? realTime;
    this.#bridge = new SessionBridge({ passThrough: tools.passThrough, scheduler: this.#scheduler });
    this.#logger = tools.logger.child({ sessionId: spec.id });
    this.#consent.update(spec, now());
    this.#recordings = new SessionRecordings({
      ...tools,
      logger: this.#logger,
      consent: this.#consent,
      speak: (legId, tone) => {
        const used = this.#used.get(legId);
        if (used) tools.pool.voices.play(used.view.leg, tone);
      },
      onRefused: (legId, { code, message }) => {
        const reason = code === 'notice_refused' ? 'notice_refused' : 'error';
        if (this.#spec.record?.required) void this.end({ reason, message, by: legId });
      },
    });
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

  /** What is live; undefined before legs are bridged, and when it ends. */
  get stats(): SessionStats | undefined {
    const live = this.#bridge.live();
    if (this.#ending || live.legs.length === 0) return undefined;
    return { v: 1, type: 'ephemeral', event: 'session.stats', sessionId: this.id, ...live };
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
    // At once: a change of legs may take its time, a word on one's own voice must not.
    this.#recordings.consent(this.#consent.update(spec, now()));
    this.#ring.optOut(this.#consent.optedOut.keys());
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
    const all = [...this.#used.values()].map(({ view }) => view);
    const staying = all.filter(({ legId }) => wanted.has(legId));
    this.#bridge.apply(staying, spec);
    this.#greet();
    this.#applyRelay();
    if (this.#tools.sealing) this.#ring.apply(spec, all);
    await this.#recordings.apply(spec, all);
    for (const used of gone) this.#drop(used);
  }

  #use(spec: LegSpec, leg: RunningLeg): void {
    const view = new SessionLeg(spec.legId, leg, this.#consent);
    const { legId } = spec;
    view.playedBy(this.#tools.pool.voices, {
      isHeard: () => this.#spec.routes.some(([, to]) => to === legId),
      play: (tone) => this.#bridge.play(legId, tone),
    });
    const used: Used = { spec, view, listener: (state) => this.#legState(used, state), met: false, greeted: false };
    this.#used.set(spec.legId, used);
    leg.on('state', used.listener);
    if (leg.state.kind !== 'connecting') used.listener(leg.state);
  }

  /** The session goes on without this leg, and does not wait for its farewell. */
  #drop(used: Used): void {
    const { legId } = used.spec;
    this.#used.delete(legId);
    used.view.leg.off('state', used.listener);
    const { reason, message } = this.#lost.get(legId) ?? { reason: 'command' as const };
    this.#announced.delete(legId);
    const words = message === undefined ? {} : { message };
    const ended = { reason, by: legId, goesOn: true, ...words };
    const left = this.#leave(used, reason)
      .then(() => this.#tools.report({ type: 'session.ended', ...this.#about(used.spec), ...ended }))
      .catch((error) => this.#logger.error({ err: error }, 'a leg could not be given back'))
      .finally(() => this.#leaving.delete(left));
    this.#leaving.add(left);
  }

  async #leave(used: Used, reason: EndReason): Promise<void> {
    if (this.#begun) await farewell([used.view], this.#scheduler);
    await this.#giveBack(used, reason);
  }

  async #giveBack({ spec, view, listener }: Used, reason: EndReason): Promise<void> {
    this.#used.delete(spec.legId);
    view.leg.off('state', listener);
    view.detach();
    await this.#tools.pool.release(view.leg, reason);
  }

  /** Everybody hears when they are connected with the others: all at the start of a call, later whoever joins. */
  #greet(): void {
    const { legs, routes } = this.#present();
    const isThere = ({ legId }: LegSpec) => this.#used.get(legId)?.met === true && this.#bridge.has(legId);
    this.#begun ||= isStillACall(legs, routes) && legs.every(isThere);
    for (const used of this.#used.values()) {
      const { spec } = used;
      if (used.greeted || !isThere(spec) || !(this.#begun || spec.role === 'monitor')) continue;
      used.greeted = true;
      if (spec.role === 'monitor') this.#announceMonitor(spec);
      else if (!this.#spec.holds?.includes(spec.legId)) this.#bridge.play(spec.legId, tones.connect);
    }
  }

  /** Text goes between sides whose people hear each other. */
  #applyRelay(): void {
    const connected = [...this.#used.values()].flatMap(({ met, spec: { legId } }) => (met ? [legId] : []));
    this.#relay?.update(this.#present(), new Set(connected));
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
      const first = !used.met;
      used.met = true;
      if (first) this.#applyRelay();
      this.#greet();
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
    const others = this.#present().legs.filter(({ legId }) => legId !== spec.legId);
    this.#tools.announcer.monitorListens(spec, others);
    for (const { legId } of others) if (this.#bridge.has(legId)) this.#bridge.play(legId, tones.connect);
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
    this.#bridge.end();
    // A change under way sees that the session is ending, and gives back what it got.
    await this.#changes;
    this.#ring.close();
    const used = [...this.#used.values()];
    const recorded = this.#recordings
      .finish(endAt)
      .catch((error) => this.#logger.error({ err: error }, 'the recording could not be finished'));
    // A new owner of the identity has the place in voice: nothing more is said there.
    const views = this.#begun && reason !== 'node_lost' ? used.map(({ view }) => view) : [];
    await Promise.all([recorded, farewell(views, this.#scheduler), ...this.#leaving]);
    for (const { view } of used) view.stopSpeaking();
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

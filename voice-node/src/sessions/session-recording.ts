/** The recording of one session: waits for the notice in each channel, keeps opted-out people out, hands the tracks over. */
import { PatchbayError } from '@patchbay/shared/errors';
import type { NodeEventDraft } from '@patchbay/shared/events';
import type { LegSpec } from '@patchbay/shared/session-spec';
import type { Tone } from '../audio/tones/tone.ts';
import { now } from '../ops/clock.ts';
import type { Logger } from '../ops/logger.ts';
import { realTime, type Scheduler } from '../ops/scheduler.ts';
import type { RecordingRun } from '../recording/run/recording-run.ts';
import { coverageChange } from '../recording/watch/coverage-policy.ts';
import { LegCoverage } from '../recording/watch/leg-coverage.ts';
import type { ChannelMember, ChannelPeople } from './channel-people.ts';
import type { Consent, ConsentChange } from './consent.ts';
import { LegNotice } from './leg-notice.ts';
import type { PanelPort } from './notice-panel.ts';
import type { RecordingDesk } from './recording-desk.ts';
import type { RecordingNotice } from './recording-notice.ts';
import type { SessionLeg } from './session-leg.ts';
import { Stays } from './stays.ts';

/** Why a leg is not recorded. */
export interface RecordingRefusal {
  code: string;
  message: string;
}

export interface SessionRecordingOptions {
  sessionId: string;
  timeZero: number;
  /** Names the files: time zero for the first recording of a session. ms since the epoch */
  at: number;
  consent: Consent;
  /** Absent: this node cannot record, for the reason in `recordingOff`. */
  desk: RecordingDesk | undefined;
  recordingOff: string | undefined;
  notice: RecordingNotice;
  /** Absent: a notice can be a nickname only. */
  panel?: PanelPort | undefined;
  /** Absent: nobody knows who is in the channels; stays are not noted. */
  people?: ChannelPeople | undefined;
  /** Plays a sound to a leg, after what plays there. */
  speak: (legId: string, tone: Tone) => void;
  /** A leg is not recorded, or no longer. */
  onRefused: (legId: string, refusal: RecordingRefusal) => void;
  report: (draft: NodeEventDraft) => void;
  scheduler?: Scheduler | undefined;
  logger: Logger;
}

interface RecordedLeg {
  view: SessionLeg;
  notice: LegNotice;
  /** What to undo when it is no longer recorded. */
  detach: (() => void)[];
  recording: boolean;
}

export class SessionRecording {
  readonly #options: SessionRecordingOptions;
  readonly #scheduler: Scheduler;
  #run: Promise<RecordingRun> | undefined;
  /** The same, once it is open. */
  #open: RecordingRun | undefined;
  readonly #stays: Stays;
  readonly #legs = new Map<string, RecordedLeg>();
  #finished: Promise<boolean> | undefined;

  constructor(options: SessionRecordingOptions) {
    this.#options = options;
    this.#scheduler = options.scheduler ?? realTime;
    this.#stays = new Stays(options.consent, (userId, guildId, present, at) =>
      this.#open?.stay(userId, guildId, present, at),
    );
  }

  has(legId: string): boolean {
    return this.#legs.has(legId);
  }

  /** Starts to record a leg once the notice is visible; refused → `recording.failed`, and nothing is stored. */
  async attach(view: SessionLeg, language?: LegSpec['language']): Promise<void> {
    const { desk, notice, panel, speak, report, onRefused, sessionId, logger } = this.#options;
    const { guildId, legId } = view;
    const leg: RecordedLeg = {
      view,
      notice: new LegNotice({
        view,
        language,
        nick: notice,
        panel,
        speak: (tone) => speak(legId, tone),
        noticed: (kind, userIds) =>
          report({ type: 'recording.noticed', guildId, sessionId, legId, kind, userIds: userIds.slice(0, 1_000) }),
        scheduler: this.#scheduler,
        logger,
      }),
      detach: [],
      recording: false,
    };
    this.#legs.set(legId, leg);
    const isWanted = (): boolean => this.#legs.get(legId) === leg && !this.#finished;
    if (!desk) {
      const message = this.#options.recordingOff ?? 'Recording is off on this voice node.';
      const reason = new PatchbayError('storage_off', message);
      this.#failed(guildId, reason);
      onRefused(legId, reason);
      return;
    }
    try {
      await leg.notice.show();
      // Ended while the notice went out.
      if (!isWanted()) {
        await leg.notice.hide();
        return;
      }
      const run = await this.#openRun(desk);
      if (isWanted()) this.#record(leg, run);
      else await leg.notice.hide();
    } catch (error) {
      logger.warn({ err: error, guildId }, 'the channel is not recorded');
      const reason =
        error instanceof PatchbayError
          ? error
          : new PatchbayError('recording_write_failed', 'The recording cannot be written. Check the disk of DATA_DIR.');
      this.#failed(guildId, reason);
      await leg.notice.hide();
      onRefused(legId, reason);
    }
  }

  /** Somebody opted out, or in again. What came since they opted out is left out of all chunks, those that are stored included. */
  consent(changes: readonly ConsentChange[]): void {
    const { desk, sessionId, logger } = this.#options;
    this.#stays.consent(changes, now());
    for (const { userId, out, at } of changes) {
      this.#open?.note({ type: 'optout', userId, at, out });
      if (!out) continue;
      desk
        ?.erase(sessionId, { userId, from: at, to: null })
        .catch((error) => logger.error({ err: error }, 'what came since an opt-out could not be erased'));
    }
  }

  /** Stops recording a leg; what it gave so far stays in the tracks. */
  async detach(legId: string): Promise<void> {
    const leg = this.#legs.get(legId);
    if (!leg) return;
    this.#legs.delete(legId);
    this.#release(leg);
    await leg.notice.hide();
  }

  /** Ends the recording: its last chunks go to the upload queue, then the notices are taken back. */
  async finish(endAt: number = now()): Promise<void> {
    const guilds = this.#guilds();
    if (!(await this.#end(endAt))) {
      const message = 'A part of the recording is kept on the voice node, which tries again to store it. See its log.';
      for (const guildId of guilds) this.#failed(guildId, new PatchbayError('queue_failed', message));
    }
    await Promise.all([...this.#legs.keys()].map((legId) => this.detach(legId)));
  }

  #openRun(desk: RecordingDesk): Promise<RecordingRun> {
    const { sessionId, timeZero, at, consent } = this.#options;
    this.#run ??= desk.open(sessionId, timeZero, at).then((run) => {
      this.#open = run;
      // Of what another process has captured of them since, too: the session was running then.
      for (const [userId, since] of consent.optedOut) {
        if (since !== undefined && since >= timeZero) run.note({ type: 'optout', userId, at: since, out: true });
      }
      run.once('failed', (error) => void this.#stop(error));
      return run;
    });
    return this.#run;
  }

  #record(leg: RecordedLeg, run: RecordingRun): void {
    const { people, report, sessionId, consent, desk, logger } = this.#options;
    const { view, notice } = leg;
    const { guildId, legId } = view;
    leg.recording = true;
    run.guild(guildId);
    const coverage = new LegCoverage({
      leg: view,
      isRecorded: (userId) => consent.allows(userId),
      report: (change) => report({ type: 'recording.coverage', guildId, sessionId, legId, ...change }),
      scheduler: this.#scheduler,
      logger: logger.child({ legId }),
    });
    const members = (all: readonly ChannelMember[]): void => {
      const humans = new Set(all.filter(({ bot }) => !bot).map(({ userId }) => userId));
      const own = all.find(({ userId }) => userId === view.leg.identityId);
      this.#stays.leg(legId, guildId, humans, now());
      notice.members(all);
      coverage.scene({
        people: new Set([...humans].filter((userId) => consent.allows(userId))),
        muted: own?.serverMute === true,
        deafened: own?.serverDeaf === true,
      });
    };
    leg.detach.push(
      view.onStorablePacket((packet) => run.packet(packet, guildId)),
      () => coverage.close(),
    );
    report({ type: 'recording.started', guildId, sessionId, legId });
    const { guildId: of, channelId, leg: running } = view;
    const watched = { guildId: of, channelId, identityId: running.identityId };
    const unwatch = people?.watch(watched, members);
    if (unwatch) leg.detach.push(unwatch);
    let low = false;
    const follows = desk?.onDisk((level) => {
      if (low === (level !== 'fine')) return;
      low = !low;
      report({
        type: 'recording.coverage',
        guildId,
        sessionId,
        legId,
        ...coverageChange('disk_low', low ? 'begun' : 'over'),
      });
    });
    if (follows) leg.detach.push(follows);
    notice.begin();
  }

  /** It cannot go on: what was written is stored, the call goes on. */
  async #stop(error: PatchbayError): Promise<void> {
    const { logger, onRefused } = this.#options;
    logger.error({ err: error }, 'the recording stops');
    for (const guildId of this.#guilds()) this.#failed(guildId, error);
    await this.#end(now());
    await Promise.all([...this.#legs.values()].map(({ notice }) => notice.hide()));
    for (const { view } of this.#legs.values()) onRefused(view.legId, error);
  }

  /** False: a part is kept, and taken up later. */
  #end(endAt: number): Promise<boolean> {
    this.#finished ??= (async () => {
      for (const leg of this.#legs.values()) this.#release(leg);
      // A recording that could not be opened was reported when it was tried.
      const run = await this.#run?.catch(() => undefined);
      return run ? run.finish(endAt) : true;
    })();
    return this.#finished;
  }

  #release(leg: RecordedLeg): void {
    for (const detach of leg.detach.splice(0)) detach();
    this.#stays.gone(leg.view.legId, now());
  }

  #guilds(): Set<string> {
    return new Set([...this.#legs.values()].map(({ view }) => view.guildId));
  }

  #failed(guildId: string, { code, message }: PatchbayError): void {
    const { report, sessionId } = this.#options;
    report({ type: 'recording.failed', guildId, sessionId, code, message });
  }
}

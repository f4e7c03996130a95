/** The recording of one session: waits for the notice in each guild, keeps opted-out people out, hands the tracks over. */
import { PatchbayError } from '@patchbay/shared/errors';
import type { NodeEventDraft } from '@patchbay/shared/events';
import { now } from '../ops/clock.ts';
import type { Logger } from '../ops/logger.ts';
import type { RecordingRun } from '../recording/run/recording-run.ts';
import type { RecordingDesk } from './recording-desk.ts';
import type { RecordingNotice } from './recording-notice.ts';
import type { SessionLeg } from './session-leg.ts';

export interface SessionRecordingOptions {
  sessionId: string;
  timeZero: number;
  /** Names the files: time zero for the first recording of a session. ms since the epoch */
  at: number;
  /** Absent: this node cannot record, for the reason in `recordingOff`. */
  desk: RecordingDesk | undefined;
  recordingOff: string | undefined;
  notice: RecordingNotice;
  report: (draft: NodeEventDraft) => void;
  logger: Logger;
}

export class SessionRecording {
  /** Users whose packets are dropped here, before anything that stores. Replaced by each revision. */
  optedOut: ReadonlySet<string> = new Set();
  readonly #options: SessionRecordingOptions;
  #run: Promise<RecordingRun> | undefined;
  readonly #legs = new Map<string, { view: SessionLeg; detach: () => void; noticed: boolean }>();

  constructor(options: SessionRecordingOptions) {
    this.#options = options;
  }

  has(legId: string): boolean {
    return this.#legs.has(legId);
  }

  /**
   * Starts to record a leg once the notice is visible; refused → `recording.failed`, and nothing is stored. Answers why it is not
   * recorded.
   */
  async attach(view: SessionLeg): Promise<{ code: string; message: string } | undefined> {
    const { desk, notice, report, sessionId, timeZero, at } = this.#options;
    const entry = { view, detach: (): void => undefined, noticed: false };
    this.#legs.set(view.legId, entry);
    const { guildId } = view;
    if (!desk) {
      const message = this.#options.recordingOff ?? 'Recording is off on this voice node.';
      this.#failed(guildId, 'storage_off', message);
      return { code: 'storage_off', message };
    }
    try {
      await notice.show(guildId, view.leg.identityId);
    } catch (error) {
      const { code, message } =
        error instanceof PatchbayError ? error : new PatchbayError('notice_refused', 'Refused.');
      this.#options.logger.warn({ err: error, guildId }, 'the notice was refused; nothing is recorded');
      this.#failed(guildId, code, message);
      return { code, message };
    }
    if (this.#legs.get(view.legId) !== entry) {
      // Ended while the notice went out.
      await this.#hide(view);
      return undefined;
    }
    entry.noticed = true;
    let run: RecordingRun;
    try {
      this.#run ??= desk.open(sessionId, timeZero, at);
      run = await this.#run;
    } catch (error) {
      const { code, message } =
        error instanceof PatchbayError
          ? error
          : new PatchbayError('recording_write_failed', 'The recording cannot be written. Check the disk of DATA_DIR.');
      this.#options.logger.error({ err: error, guildId }, 'the recording could not be opened');
      this.#failed(guildId, code, message);
      return { code, message };
    }
    run.guild(guildId);
    run.once('failed', ({ code, message }) => this.#failed(guildId, code, message));
    if (this.#legs.get(view.legId) !== entry) return undefined;
    entry.detach = view.onPacket((packet) => {
      if (!this.optedOut.has(packet.userId)) run.packet(packet, guildId);
    });
    report({ type: 'recording.started', guildId, sessionId, legId: view.legId });
    return undefined;
  }

  /** Stops recording a leg; what it gave so far stays in the tracks. */
  async detach(legId: string): Promise<void> {
    const entry = this.#legs.get(legId);
    if (!entry) return;
    this.#legs.delete(legId);
    entry.detach();
    if (entry.noticed) await this.#hide(entry.view);
  }

  /** Ends the recording: its last chunks go to the upload queue, then the nicknames are as they were. */
  async finish(endAt: number = now()): Promise<void> {
    for (const { detach } of this.#legs.values()) detach();
    const guilds = new Set([...this.#legs.values()].map(({ view }) => view.guildId));
    // A recording that could not be opened was reported when it was tried.
    const run = await this.#run?.catch(() => undefined);
    if (run && !(await run.finish(endAt))) {
      const message = 'A part of the recording is kept on the voice node and stored at its next start. See its log.';
      for (const guildId of guilds) this.#failed(guildId, 'queue_failed', message);
    }
    await Promise.all([...this.#legs.keys()].map((legId) => this.detach(legId)));
  }

  async #hide(view: SessionLeg): Promise<void> {
    await this.#options.notice
      .hide(view.guildId, view.leg.identityId)
      .catch((error) =>
        this.#options.logger.warn({ err: error, guildId: view.guildId }, 'the nickname could not be restored'),
      );
  }

  #failed(guildId: string, code: string, message: string): void {
    const { report, sessionId } = this.#options;
    report({ type: 'recording.failed', guildId, sessionId, code, message });
  }
}

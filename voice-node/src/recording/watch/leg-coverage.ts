/** Watches one recorded channel: tells what keeps it from being whole, and mends a receiver that has stalled. */
import type { VoicePacket } from '../../audio/packet.ts';
import type { Logger } from '../../ops/logger.ts';
import type { Scheduler } from '../../ops/scheduler.ts';
import { type CoverageChange, CoveragePolicy, type CoverageScene } from './coverage-policy.ts';
import { type Repair, Watchdog } from './watchdog.ts';

const LOOK_EVERY_MS = 1_000;

/** What is used of a leg. */
export interface WatchedLeg {
  onPacket(listener: (packet: VoicePacket) => void): () => void;
  /** Op 5: Discord says that somebody begins to speak, or stops. Returns the function that ends it. */
  onAnnounced(listener: (userId: string, speaking: boolean) => void): () => void;
  repair(step: Repair): void;
}

export interface LegCoverageOptions {
  leg: WatchedLeg;
  /** People who are not recorded are not missed either. */
  isRecorded(userId: string): boolean;
  report(change: CoverageChange): void;
  scheduler: Scheduler;
  logger: Logger;
}

export class LegCoverage {
  readonly #options: LegCoverageOptions;
  readonly #policy = new CoveragePolicy();
  readonly #watchdog = new Watchdog();
  readonly #detach: (() => void)[];
  #cancel: (() => void) | undefined;

  constructor(options: LegCoverageOptions) {
    this.#options = options;
    const { leg, isRecorded, scheduler } = options;
    this.#detach = [
      leg.onPacket(({ userId }) => this.#tell(this.#policy.packet(userId, scheduler.now()))),
      leg.onAnnounced((userId, speaking) => {
        if (isRecorded(userId)) this.#tell(this.#policy.announced(userId, speaking, scheduler.now()));
        this.#arm();
      }),
    ];
  }

  scene(scene: CoverageScene): void {
    this.#tell(this.#policy.scene(scene));
  }

  close(): void {
    for (const detach of this.#detach) detach();
    this.#cancel?.();
  }

  #arm(): void {
    if (!this.#policy.waits && !this.#watchdog.waits) return;
    this.#cancel ??= this.#options.scheduler.after(LOOK_EVERY_MS, () => {
      this.#cancel = undefined;
      this.#look();
      this.#arm();
    });
  }

  #look(): void {
    const { leg, logger, scheduler } = this.#options;
    const at = scheduler.now();
    this.#tell(this.#policy.look(at));
    const repair = this.#watchdog.look(this.#policy.stalled, at);
    if (!repair) return;
    logger.warn({ repair }, 'voices are announced and none is received; mending the receiver');
    leg.repair(repair);
  }

  #tell(changes: readonly CoverageChange[]): void {
    for (const change of changes) {
      const { code, state, userId } = change;
      this.#options.logger.warn({ code, state, userId }, 'coverage of a recording');
      this.#options.report(change);
    }
  }
}

/** People who do not stop speaking, in packets of which no two are alike: each can be found again wherever it went. */
import type { SimControl } from '@patchbay/sim/control-client';

/** Half a second. */
const PACKETS = 25;
/** CELT, full band, 20 ms, stereo, one frame: nobody listens to what follows. */
const TOC = 0xfc;
const PAYLOAD_BYTES = 60;

export class Talkers {
  readonly userIds: readonly string[];
  readonly #sim: SimControl;
  readonly #stop = new AbortController();
  #count = 0;
  #rounds = 0;
  #waiting: { round: number; resolve: () => void }[] = [];
  #talking: Promise<void> | undefined;

  constructor(sim: SimControl, userIds: readonly string[]) {
    this.#sim = sim;
    this.userIds = userIds;
  }

  start(): void {
    this.#talking ??= this.#talk();
  }

  /** Resolves when everybody has spoken so many half seconds more. */
  rounds(more: number): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ round: this.#rounds + more, resolve }));
  }

  /** Everybody says what they began, and is silent. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#talking;
  }

  async #talk(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await Promise.all(
        this.userIds.map(async (userId) => {
          await this.#sim.speak(userId, { packets: Array.from({ length: PACKETS }, () => this.#packet()) });
          await this.#sim.waitUntilSilent(userId);
        }),
      );
      this.#rounds += 1;
      const due = this.#waiting.filter(({ round }) => round <= this.#rounds);
      this.#waiting = this.#waiting.filter(({ round }) => round > this.#rounds);
      for (const { resolve } of due) resolve();
    }
  }

  #packet(): Uint8Array {
    this.#count += 1;
    const packet = Buffer.alloc(PAYLOAD_BYTES, 0x2a);
    packet[0] = TOC;
    packet.writeUInt32BE(this.#count, 1);
    return packet;
  }
}

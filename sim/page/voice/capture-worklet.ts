/** Runs on the audio thread: gathers the microphone into 20 ms of 16 bit mono and posts them. */
class Capture extends AudioWorkletProcessor {
  #frame = new Int16Array(960);
  #filled = 0;

  process([input]: Float32Array[][]): boolean {
    for (const sample of input?.[0] ?? []) {
      this.#frame[this.#filled] = Math.max(-1, Math.min(1, sample)) * 32_767;
      this.#filled += 1;
      if (this.#filled < this.#frame.length) continue;
      this.port.postMessage(this.#frame.buffer, [this.#frame.buffer]);
      this.#frame = new Int16Array(960);
      this.#filled = 0;
    }
    return true;
  }
}
registerProcessor('capture', Capture);

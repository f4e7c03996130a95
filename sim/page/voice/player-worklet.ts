/** Runs on the audio thread: keeps a short queue for each speaker (by SSRC) and plays the sum of them. */

/** So many frames of 20 ms are gathered before a speaker begins: they arrive unevenly. */
const headStart = 3;
/** With more than this waiting the oldest is left out, so that nobody lags behind. */
const mostWaiting = 15;

interface Speaker {
  frames: Int16Array[];
  /** Position in the first frame, in samples of both channels. */
  at: number;
  playing: boolean;
}

class Player extends AudioWorkletProcessor {
  readonly #speakers = new Map<number, Speaker>();

  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      const ssrc = new DataView(data as ArrayBuffer).getUint32(0, true);
      const speaker = this.#speakers.get(ssrc) ?? { frames: [], at: 0, playing: false };
      this.#speakers.set(ssrc, speaker);
      speaker.frames.push(new Int16Array(data as ArrayBuffer, 4));
      if (speaker.frames.length > mostWaiting) speaker.frames.shift();
      if (speaker.frames.length >= headStart) speaker.playing = true;
    };
  }

  process(_inputs: Float32Array[][], [output]: Float32Array[][]): boolean {
    const [left, right] = output ?? [];
    if (!left || !right) return true;
    for (const speaker of this.#speakers.values()) {
      for (let index = 0; speaker.playing && index < left.length; index++) {
        const [frame] = speaker.frames;
        if (!frame) {
          speaker.playing = false;
          break;
        }
        left[index] = (left[index] ?? 0) + (frame[speaker.at] ?? 0) / 32_768;
        right[index] = (right[index] ?? 0) + (frame[speaker.at + 1] ?? 0) / 32_768;
        speaker.at += 2;
        if (speaker.at < frame.length) continue;
        speaker.frames.shift();
        speaker.at = 0;
      }
    }
    return true;
  }
}
registerProcessor('player', Player);

/** A piece of speech that a member can speak: Opus packets of 20 ms each. */
export interface Clip {
  name: string;
  /** Who speaks it: one voice per person. */
  voice: string;
  /** What is said. */
  text: string;
  /** The words of `text` in order, each with the time at which it is spoken. Absent where nothing is said. */
  words?: readonly ClipWord[];
  /** Frequency of the quiet tone under the voice, in Hz. */
  toneHz: number;
  packets: Uint8Array[];
}

export interface ClipWord {
  /** As written in the text, with its punctuation. */
  word: string;
  /** Seconds from the start of the clip. */
  start: number;
  end: number;
}

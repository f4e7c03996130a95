/** A piece of speech that a member can speak: Opus packets of 20 ms each. */
export interface Clip {
  name: string;
  /** Who speaks it: one voice per person. */
  voice: string;
  /** What is said. */
  text: string;
  /** Frequency of the quiet tone under the voice, in Hz. */
  toneHz: number;
  packets: Uint8Array[];
}

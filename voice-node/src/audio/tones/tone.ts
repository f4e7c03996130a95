/** A short sound that a leg is played: Opus packets of 20 ms. */
export interface Tone {
  name: string;
  packets: readonly Uint8Array[];
}

/** Who takes part in the first call, and what they say. */

export interface Part {
  /** The clip's voice, and the member's name. */
  voice: 'ada' | 'ben' | 'cleo' | 'dan';
  /** Name shown in the guild. */
  name: string;
}

export interface Side {
  guildName: string;
  channelName: string;
  members: [Part, Part];
}

export const sides: [Side, Side] = [
  {
    guildName: 'Harbour Games',
    channelName: 'Lounge',
    members: [
      { voice: 'ada', name: 'Ada' },
      { voice: 'ben', name: 'Ben' },
    ],
  },
  {
    guildName: 'Mountain Lodge',
    channelName: 'Fireside',
    members: [
      { voice: 'cleo', name: 'Cleo' },
      { voice: 'dan', name: 'Dan' },
    ],
  },
];

export interface Line {
  clip: string;
  voice: Part['voice'];
  /** ms after the first line began. */
  at: number;
}

/**
 * One after the other, two at once from different sides, two at once from one side, three at once, and again one alone.
 * Clips are 1.6 to 3 s long.
 */
export const lines: Line[] = [
  { clip: 'ada-1', voice: 'ada', at: 0 },
  { clip: 'cleo-1', voice: 'cleo', at: 2_700 },
  { clip: 'ben-1', voice: 'ben', at: 5_600 },
  { clip: 'dan-1', voice: 'dan', at: 6_300 },
  { clip: 'ada-2', voice: 'ada', at: 9_000 },
  { clip: 'ben-2', voice: 'ben', at: 9_700 },
  { clip: 'cleo-2', voice: 'cleo', at: 12_900 },
  { clip: 'dan-2', voice: 'dan', at: 13_300 },
  { clip: 'ada-3', voice: 'ada', at: 13_900 },
  { clip: 'ben-3', voice: 'ben', at: 17_200 },
  { clip: 'cleo-3', voice: 'cleo', at: 19_900 },
];

/**
 * How many frames of all channels go out together. Channels of one connection share their audio time: silence may be put only where
 * nobody is in the middle of a spurt, or it would tear words apart. Pure.
 */

/** What a channel has to send. */
export interface ChannelReady {
  /** Frames that wait, up to the end of the spurt. */
  frames: number;
  /** The spurt ends after them. */
  ended: boolean;
  /** Somebody is speaking who has the slot. */
  speaking: boolean;
}

/** Frames of one message in ordinary traffic: 100 ms. */
export const MESSAGE_FRAMES = 5;
/** Frames of the longest message, when speech has piled up: 200 ms. The service asks for 20 to 250 ms. */
export const LONGEST_FRAMES = 10;

/** Frames to be sent now; 0: wait for more. */
export function framesTogether(channels: readonly ChannelReady[]): number {
  const open = channels.filter(({ speaking, ended }) => speaking && !ended);
  const ending = channels.filter(({ ended, frames }) => ended && frames > 0).map(({ frames }) => frames);
  // Whoever is in mid-spurt can give no more than has come.
  const most = Math.min(LONGEST_FRAMES, ...open.map(({ frames }) => frames));
  if (open.length === 0 && ending.length === 0) return 0;
  // Up to where a spurt ends: what comes after it must be another message, with the order to make it final in between.
  const wanted = Math.min(most, ...ending);
  if (ending.length > 0 && wanted === Math.min(...ending)) return wanted;
  return wanted >= MESSAGE_FRAMES ? wanted : 0;
}

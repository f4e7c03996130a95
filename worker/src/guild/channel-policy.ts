import type { AfterEnd, EndReason } from '@patchbay/shared/end-reason';

/** What a channel is used for: one thing at a time. */
export type ChannelUse = 'idle' | 'waiting' | 'session';

export interface ChannelSituation {
  use: ChannelUse;
  /** Set up to be queued when people join. */
  configured: boolean;
  /** Ended by setting or command: rests until its people have left. */
  held: boolean;
  /** Rests until this instant, in milliseconds; 0 = no rest. */
  restUntil: number;
  humans: number;
}

/** What a channel should do now: people waiting in a configured channel queue, an empty channel takes its ticket back. */
export function decide(channel: ChannelSituation, now: number): 'enqueue' | 'withdraw' | 'nothing' {
  if (channel.use === 'waiting' && channel.humans === 0) return 'withdraw';
  const ready = channel.configured && !channel.held && channel.restUntil <= now && channel.humans > 0;
  return channel.use === 'idle' && ready ? 'enqueue' : 'nothing';
}

/** Reasons that people did not cause: the channel rests a moment, so that a fault does not call in a circle. */
const faults: ReadonlySet<EndReason> = new Set(['error', 'node_lost', 'no_identity', 'bot_moved', 'notice_refused']);

/** What a channel does after its session, by its setting; a channel whose own people stopped the session stays quiet. */
export function afterSession(
  end: { setting: AfterEnd; reason: EndReason; stoppedHere: boolean },
  rest: { cooldownMs: number; faultMs: number },
  now: number,
): { held: boolean; restUntil: number } {
  if (end.stoppedHere || end.setting === 'idle') return { held: true, restUntil: 0 };
  if (end.setting === 'cooldown') return { held: false, restUntil: now + rest.cooldownMs };
  return { held: false, restUntil: faults.has(end.reason) ? now + rest.faultMs : 0 };
}

import type { AfterEnd, EndReason } from '@patchbay/shared/end-reason';

/** What a channel is used for: one thing at a time. */
export type ChannelUse = 'idle' | 'waiting' | 'session';

/** Why a channel with people in it does not queue: until they have left, or until somebody joins anew. */
export type Hold = 'none' | 'until-empty' | 'until-join';

/** What the people of a channel asked for while its call ran: it decides over the setting when the call is over. */
export type Intent = 'next' | 'leave' | 'stop';

export interface ChannelSituation {
  use: ChannelUse;
  /** Set up to be queued when people join. */
  configured: boolean;
  hold: Hold;
  /** Rests until this instant, in milliseconds; 0 = no rest. */
  restUntil: number;
  humans: number;
  leastPeople: number;
  /** The server pauses after repeated failures. */
  paused: boolean;
  /** The channel's leg is there already, or an identity could make one. */
  identityFree: boolean;
  /** Set up to listen to calls, not to make them. */
  monitor: boolean;
  /** A call runs that it may listen to. */
  audible: boolean;
}

/**
 * May a session be listened to that could not be before? Monitors look at it only then: a try that fails changes the view, too, and
 * must not be the cause of the next one.
 */
export function opensToMonitors(
  before: { openToMonitors?: boolean } | undefined,
  after: { openToMonitors?: boolean },
): boolean {
  return after.openToMonitors === true && before?.openToMonitors !== true;
}

/** Would the channel listen now, if there were a call? Neither the pause of a server's calls nor its least number of people count. */
export function wantsToListen(channel: Omit<ChannelSituation, 'audible'>, now: number): boolean {
  const { monitor, use, configured, hold, restUntil, humans } = channel;
  return monitor && use === 'idle' && configured && hold === 'none' && restUntil <= now && humans > 0;
}

/**
 * What a channel should do now: people waiting in a configured channel queue, in a monitor they listen; a channel that got too
 * empty, or that could not start now, takes its ticket back.
 */
export function decide(channel: ChannelSituation, now: number): 'enqueue' | 'withdraw' | 'listen' | 'nothing' {
  if (channel.monitor) {
    if (channel.use === 'waiting') return 'withdraw';
    return wantsToListen(channel, now) && channel.identityFree && channel.audible ? 'listen' : 'nothing';
  }
  const could = channel.humans >= channel.leastPeople && !channel.paused && channel.identityFree;
  if (channel.use === 'waiting') return could ? 'nothing' : 'withdraw';
  const may = channel.configured && channel.hold === 'none' && channel.restUntil <= now;
  return channel.use === 'idle' && may && could ? 'enqueue' : 'nothing';
}

/** Reasons that people did not cause: the channel rests a moment, so that a fault does not call in a circle. */
const faults: ReadonlySet<EndReason> = new Set(['error', 'node_lost', 'no_identity', 'bot_moved', 'notice_refused']);
/** Reasons for which a side that never connected has itself to look after something. */
const ownFaults: ReadonlySet<EndReason> = new Set(['error', 'no_identity', 'notice_refused']);

/** Did a session fail to start on this side? Counts for the circuit breaker. */
export function failedToStart(reason: EndReason, connected: boolean): boolean {
  return !connected && ownFaults.has(reason);
}

/** Somebody took the bot out of the channel: it does not come straight back to listen. */
const takenAway: ReadonlySet<EndReason> = new Set(['bot_moved', 'bot_removed']);

/** What a monitor does after it listened: it waits for the next call, unless its people or a moderator wanted silence. */
export function afterListening(
  end: { reason: EndReason; intent: Intent | null },
  faultMs: number,
  now: number,
): { hold: Hold; restUntil: number } {
  if (end.intent !== null || takenAway.has(end.reason)) return { hold: 'until-empty', restUntil: 0 };
  return { hold: 'none', restUntil: faults.has(end.reason) ? now + faultMs : 0 };
}

/** What a channel does after its session: what its people asked for, else what its setting says. */
export function afterSession(
  end: { setting: AfterEnd; reason: EndReason; intent: Intent | null },
  rest: { cooldownMs: number; faultMs: number },
  now: number,
): { hold: Hold; restUntil: number } {
  if (end.intent === 'next') return { hold: 'none', restUntil: 0 };
  if (end.intent === 'leave') return { hold: 'until-join', restUntil: 0 };
  if (end.intent === 'stop' || end.setting === 'idle') return { hold: 'until-empty', restUntil: 0 };
  if (end.setting === 'cooldown') return { hold: 'none', restUntil: now + rest.cooldownMs };
  return { hold: 'none', restUntil: faults.has(end.reason) ? now + rest.faultMs : 0 };
}

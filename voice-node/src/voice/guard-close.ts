/**
 * Guards the end of a voice websocket. @discordjs/voice 0.19.2 joins again after every close code but 4014, at once and for ever,
 * also where Discord asks not to come back.
 *
 * @see https://docs.discord.com/developers/topics/opcodes-and-status-codes#voice-voice-close-event-codes
 */
import type { VoiceConnection } from '@discordjs/voice';

/** The code after which the library stays away until the gateway tells more. */
const DISCONNECTED = 4014;
const E2EE_REQUIRED = 4017;
const RATE_LIMITED = 4021;
const CALL_TERMINATED = 4022;

/** What a close code asks for. */
export type CloseVerdict =
  /** Join again, paced and counted: a crash, a lost session, a server that moved. */
  | { kind: 'rejoin' }
  /** Stay away; the gateway's next word says why: a kick, a move, a deleted channel. */
  | { kind: 'await' }
  /** Coming back would be refused again. */
  | { kind: 'give_up'; message: string };

export function verdictOf(code: number): CloseVerdict {
  if (code === DISCONNECTED || code === CALL_TERMINATED) return { kind: 'await' };
  if (code === E2EE_REQUIRED) {
    const message = 'Discord requires end-to-end encryption here, and this voice node could not offer it. Update it.';
    return { kind: 'give_up', message };
  }
  if (code === RATE_LIMITED) {
    const message =
      'Discord refused the voice connection for joining too often. Wait a few minutes before the next call.';
    return { kind: 'give_up', message };
  }
  return { kind: 'rejoin' };
}

interface Closing {
  onNetworkingClose(code: number): void;
}

/** Attach right after `joinVoiceChannel`, before the library hands its own method to a networking. */
export function guardClose(connection: VoiceConnection, onClosed: (code: number, verdict: CloseVerdict) => void): void {
  const closing = connection as unknown as Closing;
  const original = closing.onNetworkingClose;
  closing.onNetworkingClose = (code) => {
    const verdict = verdictOf(code);
    // The library knows one way of staying away: the one of 4014.
    original(verdict.kind === 'rejoin' ? code : DISCONNECTED);
    onClosed(code, verdict);
  };
}

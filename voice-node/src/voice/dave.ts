/** Whether a frame may leave or may be believed, by the state of the end-to-end encryption (DAVE). Pure decisions. */
import { isSilence } from '../audio/toc.ts';

/** The parts of @discordjs/voice's DAVESession that decide. */
export interface DaveState {
  protocolVersion: number;
  session?: { ready: boolean } | undefined;
}

/** A room with DAVE whose group this client is in, or a room without DAVE. */
export function isEncryptionSettled(dave: DaveState | undefined): boolean {
  return !dave || dave.protocolVersion === 0 || dave.session?.ready === true;
}

/**
 * Until its group is ready, the library sends plain Opus into a DAVE room. Only the silence frame is plain by the protocol.
 */
export function maySend(dave: DaveState | undefined, opus: Uint8Array): boolean {
  return isEncryptionSettled(dave) || isSilence(opus);
}

/**
 * Until its group is ready, the library hands out ciphertext as if it were Opus. A DAVE frame ends in the marker `FAFA`.
 *
 * @see https://daveprotocol.com/#payload-format
 */
export function isCiphertext(dave: DaveState | undefined, frame: Uint8Array): boolean {
  if (!dave || dave.session?.ready === true || (!dave.session && dave.protocolVersion === 0)) return false;
  return frame.length > 2 && frame[frame.length - 1] === 0xfa && frame[frame.length - 2] === 0xfa;
}

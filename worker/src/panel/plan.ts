/** What a panel does next. Pure, so that every order of answers can be tried. */
import { idOf, postProblem } from '../discord/messages.ts';
import type { DiscordAnswer } from '../discord/rest.ts';
import type { PanelState } from './state.ts';

/** Where the panel is posted. */
export interface PanelPlace {
  guildId: string;
  textChannelId: string;
}

export interface PanelRecord {
  place: PanelPlace;
  /** Grows with every change; an older one that arrives late is dropped. */
  version: number;
  wanted: PanelState;
  /**
   * Of the message that is posted or to be posted: a post whose answer got lost is repeated with it, whatever is wanted by
   * then. Discord compares nonces over all messages of a bot. Up to 25 characters.
   */
  nonce: string;
  /** A post had no answer: the message may be there already, and show an older state. */
  unsure: boolean;
  /** The message, once it is posted. */
  messageId: string | undefined;
  /** The version that the message shows. */
  shown: number;
  /** Fingerprint of the message as it was last edited (`live.ts`); undefined: not known. */
  shownAs?: string | undefined;
  /** Why nothing can be posted here, until something changes: `missing_access`, `missing_permissions`, `no_channel`, `no_token`. */
  problem: string | undefined;
  /** Not before this instant, ms since the epoch. */
  notBefore: number;
}

/** Edits of one message come at least so far apart, ms: Discord lets a bot make five in five seconds in a channel. */
export const EDIT_SPACING_MS = 1_500;
const MAX_WAIT_MS = 60_000;

/** Takes a newer state. `undefined` when it is not newer. */
export function wants(
  record: PanelRecord | undefined,
  place: PanelPlace,
  wanted: PanelState,
  version: number,
  newNonce: () => string,
): PanelRecord | undefined {
  if (record && version <= record.version) return undefined;
  const moved = record && record.place.textChannelId !== place.textChannelId;
  if (!record || moved) {
    return {
      nonce: newNonce(),
      unsure: false,
      place,
      version,
      wanted,
      messageId: undefined,
      shown: -1,
      problem: undefined,
      notBefore: record?.notBefore ?? 0,
    };
  }
  return { ...record, place, version, wanted, problem: undefined };
}

/** Is there something to post or edit? */
export function isDue(record: PanelRecord): boolean {
  return record.shown < record.version && record.problem === undefined;
}

/** The record after Discord's answer to posting or editing `version`. */
export function answered(
  record: PanelRecord,
  version: number,
  answer: DiscordAnswer,
  now: number,
  newNonce: () => string,
): PanelRecord {
  if (answer.kind === 'later') {
    const unsure = record.messageId === undefined;
    return { ...record, unsure, notBefore: now + Math.min(answer.afterMs, MAX_WAIT_MS) };
  }
  const next = { ...record, notBefore: now + EDIT_SPACING_MS };
  if (answer.kind === 'ok') {
    const shown = record.unsure ? -1 : version;
    return { ...next, shown, unsure: false, messageId: idOf(answer.body) ?? record.messageId };
  }
  // 10008: somebody deleted the message. It is posted anew.
  if (answer.code === 10008) return { ...next, messageId: undefined, shown: -1, nonce: newNonce() };
  return { ...next, problem: postProblem(answer) };
}

import type { Ticket } from '@patchbay/shared/match';

/** So long a ticket meets only its own region, if it names one. Milliseconds. */
export const REGION_FIRST_MS = 10_000;
/** So long a ticket meets only its own language, if it names one. Milliseconds. */
export const LANGUAGE_FIRST_MS = 20_000;
/** Default: so long two guilds that just talked are not matched again, and after it only when there is nobody else. Milliseconds. */
export const REMATCH_REST_MS = 30_000;

/** How long a ticket has waited. Milliseconds; never below 0, whatever the clocks of others say. */
export const waited = (ticket: Ticket, now: number): number => Math.max(0, now - ticket.at);

/** Does either guild block the other? */
export function blocked(left: Ticket, right: Ticket): boolean {
  return left.blocks.includes(right.guildId) || right.blocks.includes(left.guildId);
}

/** What no policy may do: mix ages, or bring together guilds of which one blocks the other. */
export function forbidden(left: Ticket, right: Ticket): boolean {
  return left.ageRestricted !== right.ageRestricted || blocked(left, right);
}

/**
 * Do both accept each other's language and region? Each insists on its own for a while and then takes anybody, so that an older
 * ticket accepts whatever a younger one does. Who states none, or meets one who states none, has nothing to insist on.
 */
export function speakable(left: Ticket, right: Ticket, now: number): boolean {
  const patience = Math.min(waited(left, now), waited(right, now));
  return (
    (patience >= LANGUAGE_FIRST_MS || same(left.language, right.language)) &&
    (patience >= REGION_FIRST_MS || same(left.region, right.region))
  );
}

const same = (left: string | undefined, right: string | undefined) =>
  left === undefined || right === undefined || left === right;

/** Were these two in their last call together, as far as either knows? */
export function justTalked(left: Ticket, right: Ticket): boolean {
  return left.lastPartner === right.guildId || right.lastPartner === left.guildId;
}

/** Which side of a desk; `''` where there are no sides. */
export function sideOf(ticket: Ticket): '' | 'caller' | 'staff' {
  if (ticket.side) return ticket.side;
  if (ticket.mode !== 'support') return '';
  return ticket.staff ? 'staff' : 'caller';
}

/** The group of a policy that looks at guild, language, region, last partner and blocks. */
export function kindOf({ guildId, language, region, lastPartner, blocks }: Ticket): string {
  return [guildId, language, region, lastPartner, blocks.length > 0 ? fingerprint(blocks) : ''].join('|');
}

/** Short name of a list in any order (FNV-1a of each, summed). Two lists of one name would only be looked through later. */
function fingerprint(ids: readonly string[]): string {
  let sum = ids.length;
  for (const id of ids) {
    let hash = 0x811c9dc5;
    for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
    sum = (sum + hash) | 0;
  }
  return (sum >>> 0).toString(36);
}

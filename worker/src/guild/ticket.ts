/** The ticket of a channel: what the matchmaker knows of it. Pure. */
import type { Ticket } from '@patchbay/shared/match';
import { parseMatrix } from './matrix.ts';
import type { ChannelSettings } from './settings.ts';

/** A ticket with everything that a match policy may look at. */
export type GuildTicket = Ticket;

export interface TicketFacts {
  ticketId: string;
  guildId: string;
  channelId: string;
  at: number;
  ageRestricted: boolean;
  blocks: string[];
  lastPartner: string | undefined;
}

export function ticketOf(facts: TicketFacts, settings: ChannelSettings): GuildTicket {
  const { lastPartner, ...known } = facts;
  const { mode, language, region, policy, pool, priority, seat } = settings;
  const matrix = parseMatrix(settings.matrix ?? '');
  const staff = mode === 'support-staff';
  const desk = staff || mode === 'support-caller';
  return {
    ...known,
    mode: desk ? 'support' : mode === 'custom' ? 'custom' : 'bridge',
    ...(desk ? { side: staff ? 'staff' : 'caller' } : {}),
    priority,
    staff,
    ...(language === null ? {} : { language }),
    ...(region === null ? {} : { region }),
    pool,
    ...(policy === null ? {} : { policy }),
    ...(matrix === null ? {} : { matrix }),
    ...(seat === null ? {} : { seat: seat - 1 }),
    ...(lastPartner === undefined ? {} : { lastPartner }),
  };
}

/** Would the matchmaker treat both the same? Their id and place do not count. */
export function sameWishes(left: GuildTicket, right: GuildTicket): boolean {
  const wishes = ({ ticketId: _id, at: _at, ...rest }: GuildTicket) =>
    JSON.stringify(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)));
  return wishes(left) === wishes(right);
}

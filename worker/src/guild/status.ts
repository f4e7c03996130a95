/** What a guild tells about its channels and settings: plain data, put into words by `interactions/`. */
import type { SessionView } from '@patchbay/shared/hub-protocol';
import { type Env, matchmakerOf } from '../env.ts';
import type { GuildBook } from './book.ts';
import { isPaused } from './breaker.ts';
import type { CaptionsSettings } from './captions/settings.ts';
import { hindrance, noIdentityFree } from './commands.ts';
import { identityCount } from './leases.ts';
import { isListening } from './monitors.ts';
import { lastEnd } from './panels.ts';
import { type RecordStatus, recordStatus } from './record-status.ts';
import type { Reply } from './replies.ts';
import { ANONYMOUS } from './reserving.ts';
import { type ChannelSettings, DEFAULT_POOL, type StoredSettings } from './settings.ts';
import { DEFAULTS } from './settings-store.ts';
import type { Channel } from './store.ts';

/** `/call status`. Instants in milliseconds. */
export type StatusReport = { channelId: string; name: string } & (
  | {
      use: 'idle';
      configured: boolean;
      /** Why it does not queue although it is set up and people are there. */
      hold: 'none' | 'until-empty' | 'until-join' | 'rest';
      restUntil: number;
      hindrance: Reply | null;
    }
  | {
      use: 'waiting';
      since: number;
      place: number | null /** Milliseconds; null: not known yet. */;
      expectedWait: number | null;
      /** The last try found no bot account for this channel. */
      unserved: boolean;
    }
  | { use: 'session'; state: string; partners: string[]; since: number | null }
  | MonitorStatus
);

/** A channel as `/call status` tells of it. */
export type ChannelStatus = StatusReport & { record: RecordStatus };

/** What a monitor does: it listens to a call, or waits for one. */
export interface MonitorStatus {
  use: 'monitor';
  /** `null`: to none. */
  listensTo: {
    /** This server's channels in that call. */
    channels: string[];
    /** The other servers. */
    partners: string[];
    state: string;
    since: number | null;
  } | null;
  /** People are in it: it listens as soon as it may. */
  waits: boolean;
  hold: 'none' | 'until-empty' | 'until-join' | 'rest';
  restUntil: number;
  hindrance: Reply | null;
}

/** The other servers of a session that may speak there. */
const speakersOf = (view: SessionView | undefined) => view?.legs.filter(({ role }) => role !== 'monitor') ?? [];

/** The instant since which a session is active. */
const activeSince = (view: SessionView | undefined): number | null =>
  view?.state === 'active' || view?.state === 'degraded' ? view.startedAt : null;

/** What a channel that is a monitor, or that listens by command, does; `null`: it is no such channel. */
function monitorStatus(book: GuildBook, channel: Channel): MonitorStatus | null {
  const { channelId, restUntil } = channel;
  const listening = isListening(book, channel);
  if (!listening && (channel.use !== 'idle' || !channel.configured || !book.isMonitor(channelId))) return null;
  const view = listening ? book.views().find((each) => each.sessionId === channel.sessionId) : undefined;
  const waits = !listening && book.store.humans(channelId) > 0;
  const hold = restUntil > Date.now() ? 'rest' : channel.hold;
  const speakers = speakersOf(view);
  return {
    use: 'monitor',
    listensTo: listening
      ? {
          channels: speakers.flatMap((leg) => leg.channelId ?? []),
          partners: speakers.flatMap(({ own, guildName }) => (own ? [] : [guildName])),
          state: view?.state ?? 'requested',
          since: activeSince(view),
        }
      : null,
    waits: waits && hold === 'none',
    hold,
    restUntil,
    hindrance: waits && !book.situation(channel).identityFree ? noIdentityFree(book, channelId) : null,
  };
}

export async function status(book: GuildBook, env: Env, channelId: string): Promise<ChannelStatus | null> {
  const channel = book.store.channel(channelId);
  if (!channel) return null;
  const { name, use, since, configured } = channel;
  const about = { channelId, name, record: recordStatus(book, channelId) };
  const listener = monitorStatus(book, channel);
  if (listener) return { ...about, ...listener };
  if (use === 'waiting') {
    const ticket = book.settings.ticket(channelId);
    const matchmaker = matchmakerOf(env, ticket?.pool ?? DEFAULT_POOL);
    const ticketId = channel.ticketId ?? '';
    const [place, expectedWait] = await Promise.all([matchmaker.place(ticketId), matchmaker.expectedWait(ticketId)]);
    const unserved = lastEnd(book, channelId)?.reason === 'no_identity';
    return { ...about, use, since, place, expectedWait, unserved };
  }
  if (use === 'session') {
    const view = book.views().find((each) => each.sessionId === channel.sessionId);
    const others = speakersOf(view).filter((leg) => leg.channelId !== channelId);
    const partners = others.map((leg) => leg.guildName);
    return { ...about, use, state: view?.state ?? 'requested', partners, since: activeSince(view) };
  }
  const humans = book.store.humans(channelId);
  const resting = channel.restUntil > Date.now();
  return {
    ...about,
    use: 'idle',
    configured,
    hold: resting ? 'rest' : channel.hold,
    restUntil: channel.restUntil,
    // Only the people in it are hindered: an empty channel has nothing to tell.
    hindrance: humans > 0 ? hindrance(book, channel) : null,
  };
}

/** `/setup show`: everything that is set, and what is missing. */
export interface SetupReport {
  defaults: StoredSettings;
  channels: {
    channelId: string;
    name: string;
    configured: boolean;
    settings: ChannelSettings;
    ageRestricted: boolean;
    /** Permissions that the bot lacks in the channel; `null` = not told yet. */
    missing: string[] | null;
    /** `null`: no monitor. */
    monitor: MonitorStatus | null;
  }[];
  blocks: { name: string }[];
  identities: number;
  /** The circuit breaker: paused until this instant in milliseconds; 0 = no. */
  pausedUntil: number;
  captions: CaptionsSettings;
}

export function show(book: GuildBook): SetupReport {
  const { breaker } = book;
  const channels = book.store.channels().flatMap((channel) => {
    const { channelId, name, configured } = channel;
    if (!configured && Object.keys(book.settings.stored(channelId)).length === 0) return [];
    const settings = book.settingsOf(channelId);
    const monitor = settings.mode === 'monitor' ? monitorStatus(book, channel) : null;
    return [{ channelId, name, configured, settings, ...book.settings.facts(channelId), monitor }];
  });
  return {
    defaults: book.settings.stored(DEFAULTS),
    channels,
    blocks: book.settings.blocks().map(({ name }) => ({ name })),
    identities: identityCount(book.store),
    pausedUntil: isPaused(breaker, Date.now()) ? breaker.until : 0,
    captions: book.captions.settings(),
  };
}

/** A server as a choice of autocomplete: one that calls itself nothing is named by a call with it, so that its id stays its own. */
export interface ServerChoice {
  reference: string;
  name: string;
}

/** What autocomplete offers besides fixed lists. */
export interface Known {
  pools: string[];
  /** Servers that this one talked with lately and did not block, newest first. */
  partners: ServerChoice[];
  blocks: ServerChoice[];
}

export function known(book: GuildBook): Known {
  const pools = book.store.channels().map(({ channelId }) => book.settingsOf(channelId).pool);
  const blocks = book.settings.blocks();
  const seen = new Set(blocks.map(({ guildId }) => guildId));
  const partners: ServerChoice[] = [];
  for (const { sessionId, partners: others } of book.calls.recent()) {
    for (const [index, { guildId, name }] of others.entries()) {
      if (seen.has(guildId)) continue;
      seen.add(guildId);
      partners.push({ reference: isNamed(name) ? guildId : `call:${sessionId}:${index}`, name });
    }
  }
  return {
    pools: [...new Set([DEFAULT_POOL, ...pools, book.id])],
    partners,
    blocks: blocks.map(({ guildId, name, at }) => ({ reference: isNamed(name) ? guildId : `block:${at}`, name })),
  };
}

const isNamed = (name: string) => name !== '' && name !== ANONYMOUS;

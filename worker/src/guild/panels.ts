/** What the panel of a voice channel shows, and that it is shown. Call it inside a transaction. */
import { endReasonSchema } from '@patchbay/shared/end-reason';
import type { SessionView } from '@patchbay/shared/hub-protocol';
import { sessionStateSchema } from '@patchbay/shared/session-spec';
import type { PanelPhase, PanelState } from '../panel/state.ts';
import type { GuildBook } from './book.ts';
import { ANONYMOUS } from './reserving.ts';
import type { Channel } from './store.ts';

const lastKey = (channelId: string) => `panel.last:${channelId}`;
type Last = NonNullable<Extract<PanelPhase, { kind: 'waiting' }>['last']>;

/** Owes the panel of a channel its newest state; nothing where no text channel is set up, or nothing ever happened. */
export function refreshPanel(book: GuildBook, channelId: string): void {
  const { panel: textChannelId, language } = book.settingsOf(channelId);
  const channel = book.store.channel(channelId);
  if (textChannelId === null || !channel) return;
  const phase = phaseOf(book, channel);
  if (!phase) return;
  const version = Number(book.store.meta('panel.version') ?? 0) + 1;
  book.store.setMeta('panel.version', String(version));
  const state: PanelState = { channelId, channelName: channel.name, locale: language === 'it' ? 'it' : 'en', phase };
  const place = { guildId: book.id, textChannelId };
  book.owe(`panel:${channelId}`, { kind: 'panel', channelId, place, state, version });
}

/** The panel of a channel is not wanted any more. */
export function forgetPanel(book: GuildBook, channelId: string): void {
  book.owe(`panel:${channelId}`, { kind: 'panel.forget', channelId });
}

/** Notes how a call of a channel ended, for the panel to tell until the next one. */
export function noteEnd(book: GuildBook, channelId: string, reason: Last['reason'], lengthMs: number): void {
  book.store.setMeta(lastKey(channelId), JSON.stringify({ reason, lengthMs } satisfies Last));
}

/** How the last call of a channel ended. */
export function lastEnd(book: GuildBook, channelId: string): Last | undefined {
  const stored = book.store.meta(lastKey(channelId));
  return stored ? (JSON.parse(stored) as Last) : undefined;
}

function phaseOf(book: GuildBook, channel: Channel): PanelPhase | undefined {
  const last = lastEnd(book, channel.channelId);
  const recorded = book.records.of(channel.channelId);
  if (channel.use === 'waiting') {
    const recording = recorded && recorded.started !== null ? { recording: true } : {};
    return { kind: 'waiting', since: channel.since, ...(last ? { last } : {}), ...recording };
  }
  if (channel.use === 'idle' && recorded?.lone && !recorded.stopping) {
    const { started, since } = recorded;
    return { kind: 'recording', recording: started !== null, startedAt: started ?? since };
  }
  if (channel.use === 'idle') return last ? { kind: 'idle', last } : undefined;
  const view = book.views().find(({ sessionId }) => sessionId === channel.sessionId);
  const own = view?.legs.find(({ channelId }) => channelId === channel.channelId);
  return {
    kind: 'session',
    sessionId: channel.sessionId ?? '',
    state: sessionStateSchema.catch('requested').parse(view?.state),
    startedAt: view?.startedAt ?? channel.since,
    ...othersOf(book, view, channel.channelId),
    ...encryption(view),
    // A recording beside the call is the channel's, too.
    recording: (view?.recording ?? false) || (recorded?.lone === true && recorded.started !== null),
    ...(book.captions.of(channel.channelId, channel.sessionId ?? '')?.noticed ? { captions: true } : {}),
    sealable: view?.sealable?.own ?? false,
    ...(view?.sealable?.sealedAt === undefined ? {} : { sealedAt: view.sealable.sealedAt }),
    ...(own?.held ? { held: true } : {}),
    ...(own?.role === MONITOR ? { listening: true } : {}),
  };
}

const MONITOR = 'monitor';

/** Who talks on the other sides, and who listens in. A monitor is never hidden. */
function othersOf(book: GuildBook, view: SessionView | undefined, channelId: string) {
  const others = (view?.legs ?? []).filter((leg) => leg.channelId !== channelId);
  const named = (name: string | undefined) => (name === undefined || name === ANONYMOUS ? {} : { name });
  return {
    partners: others
      .filter(({ role }) => role !== MONITOR)
      .map(({ guildName, held }) => ({ ...named(guildName), held: held ?? false })),
    monitors: others
      .filter(({ role }) => role === MONITOR)
      .map((leg) => named(leg.channelId === undefined ? leg.guildName : book.store.channel(leg.channelId)?.name)),
  };
}

/** Known once every leg has said its version. */
function encryption(view: SessionView | undefined): { encrypted?: boolean } {
  const versions = view?.legs.map((leg) => leg.daveVersion) ?? [];
  if (versions.length === 0 || versions.includes(undefined)) return {};
  return { encrypted: versions.every((version) => version !== 0) };
}

/** The reason of an end, as the panel's schema knows it. */
export const endReasonOf = (reason: string | undefined) => endReasonSchema.catch('error').parse(reason);

/** What `/setup` changes. Inside a transaction; a wrong value changes nothing. */
import { snowflake } from '@patchbay/shared/ids';
import type { GuildBook } from './book.ts';
import { withSides } from './captions/sides.ts';
import { forgetPanel, refreshPanel } from './panels.ts';
import { privacyChanged } from './privacy.ts';
import { withRelay } from './relay.ts';
import { accept, type Reply, refuse } from './replies.ts';
import { ANONYMOUS } from './reserving.ts';
import { applyPatch, type SettingsPatch, type StoredSettings } from './settings.ts';
import { DEFAULTS } from './settings-store.ts';

/** `/setup channel`: the channel is queued when people join it, with these settings. */
export function configure(book: GuildBook, channelId: string, name: string, patch: SettingsPatch): Reply {
  const answer = applyPatch(book.id, book.settings.stored(channelId), patch);
  if (!answer.ok) return refuse(answer.code);
  if (!book.store.channel(channelId)) {
    book.store.putChannel(channelId, name);
    book.refreshAccess();
  }
  keep(book, channelId, answer.settings);
  book.store.setConfigured(channelId, true);
  book.announce(channelId);
  book.reconsider(channelId);
  const code = answer.settings.mode === 'monitor' ? 'monitor_configured' : 'configured';
  return accept(code, { channel: channelId, name });
}

/** `/setup after-end`, `limits`, `panel`, `relay`: settings of one channel, or (`null`) the server's defaults. */
export function change(book: GuildBook, channelId: string | null, patch: SettingsPatch): Reply {
  const of = channelId ?? DEFAULTS;
  const answer = applyPatch(book.id, book.settings.stored(of), patch);
  if (!answer.ok) return refuse(answer.code);
  keep(book, of, answer.settings);
  for (const channel of book.store.channels()) {
    if (channelId === null || channelId === channel.channelId) book.reconsider(channel.channelId);
  }
  return channelId === null ? accept('defaults_changed') : accept('changed', { channel: channelId });
}

/** `/setup reports on|off`: holds for all of the server, and for calls that run. */
export function setSealing(book: GuildBook, on: boolean): Reply {
  // On is the default: nothing is stored for it.
  change(book, null, { sealReports: on ? null : false });
  return accept(on ? 'sealing_on' : 'sealing_off');
}

/** The server that a choice of autocomplete (or an id that somebody typed) means; see `Known`. */
function serverOf(book: GuildBook, reference: string): string | undefined {
  const [kind, key, index] = reference.split(':');
  if (kind === 'call') return book.calls.ofSession(key ?? '')[0]?.partners[Number(index)]?.guildId;
  if (kind === 'block') return book.settings.blocks().find(({ at }) => String(at) === key)?.guildId;
  return snowflake.safeParse(reference).data;
}

/** `/setup block`: never this server again; a call with it that runs ends now. */
export function block(book: GuildBook, reference: string): Reply {
  const guildId = serverOf(book, reference);
  if (guildId === undefined) return refuse('server_unknown');
  if (guildId === book.id) return refuse('block_self');
  const calls = book.calls.recent().filter((call) => call.partners.some((each) => each.guildId === guildId));
  const known = calls.flatMap((call) => call.partners).find((each) => each.guildId === guildId && each.name !== '');
  // Somebody typed the id: it is no secret to them.
  const name = known?.name ?? (calls.length > 0 ? ANONYMOUS : guildId);
  book.settings.block(guildId, name, Date.now());
  const running = new Set(book.store.channels().map((channel) => channel.sessionId));
  for (const { sessionId } of calls) {
    if (running.has(sessionId)) book.owe(`session:${sessionId}`, { kind: 'stop', reason: 'policy' });
  }
  refreshAll(book);
  return accept('blocked', { server: name });
}

export function unblock(book: GuildBook, reference: string): Reply {
  const guildId = serverOf(book, reference) ?? '';
  const known = book.settings.blocks().find((each) => each.guildId === guildId);
  if (!known) return refuse('not_blocked');
  book.settings.unblock(guildId);
  refreshAll(book);
  return accept('unblocked', { server: known.name });
}

/** `/setup reset`: forgets what was set for one channel, or (`null`) everything, the blocked servers too. */
export function reset(book: GuildBook, channelId: string | null): Reply {
  return withRelay(book, () => forgetAll(book, channelId));
}

function forgetAll(book: GuildBook, channelId: string | null): Reply {
  const all = book.store.channels().map((channel) => channel.channelId);
  const wanted = channelId === null ? all : [channelId];
  for (const each of wanted) {
    forget(book, each);
    const channel = book.store.channel(each);
    if (!channel) continue;
    book.store.setConfigured(each, false);
    // Whoever waits does so because of the settings that are gone; a running call goes on.
    if (channel.use === 'waiting') book.withdraw(each, channel.ticketId ?? '');
    else book.announce(each);
  }
  if (channelId !== null) return accept('channel_reset', { channel: channelId });
  forget(book, DEFAULTS);
  withSides(book, () => book.captions.forgetSettings());
  for (const { guildId } of book.settings.blocks()) book.settings.unblock(guildId);
  return accept('guild_reset');
}

function forget(book: GuildBook, channelId: string): void {
  if (Object.keys(book.settings.stored(channelId)).length === 0) return;
  book.settings.drop(channelId);
  if (channelId !== DEFAULTS) forgetPanel(book, channelId);
  book.owe('db', { kind: 'settings', channelId, settings: null, at: Date.now() });
  privacyChanged(book);
}

function keep(book: GuildBook, channelId: string, settings: StoredSettings): void {
  const before = new Map(book.store.channels().map((each) => [each.channelId, book.settingsOf(each.channelId).panel]));
  withSides(book, () => withRelay(book, () => book.settings.put(channelId, settings)));
  book.owe('db', { kind: 'settings', channelId, settings, at: Date.now() });
  for (const [each, panel] of before) {
    const now = book.settingsOf(each).panel;
    if (panel !== null && now === null) forgetPanel(book, each);
    else if (panel !== now) refreshPanel(book, each);
  }
  privacyChanged(book);
  refreshAll(book);
}

function refreshAll(book: GuildBook): void {
  for (const { channelId } of book.store.channels()) book.refreshTicket(channelId);
}

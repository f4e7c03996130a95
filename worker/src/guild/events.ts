import type { NodeEvent, VoiceChannel } from '@patchbay/shared/events';
import type { GuildBook } from './book.ts';
import { sessionsIn, sessionsOf } from './leases.ts';
import { gone, type PresenceChange, seen, snapshotChanges } from './presence.ts';

/** How long a member who left is remembered, so that an older report cannot bring them back. */
const ABSENT_KEPT_MS = 3_600_000;

/**
 * Takes events of one node's outbox, in order, and answers the new watermark; what is at or below it was taken before. Call it
 * in a transaction: each event, its effects and the watermark are stored together.
 *
 * A stream that is not known here starts with the first event that arrives, whatever its number: a node with a new file begins
 * at 1, and a guild that lost its storage never gets the events that it once acknowledged again. The node sends one batch
 * at a time, so nothing that is still owed has a lower number.
 */
export function ingest(book: GuildBook, nodeId: string, stream: string, events: readonly NodeEvent[]): number {
  let mark = book.store.watermark(nodeId, stream);
  for (const event of events) {
    if (mark !== undefined && event.seq <= mark) continue;
    // A gap: an earlier batch is still on its way. The node sends the rest again after it.
    if (mark !== undefined && event.seq > mark + 1) break;
    applyEvent(book, event);
    mark = event.seq;
  }
  if (mark !== undefined) book.store.setWatermark(nodeId, stream, mark);
  return mark ?? 0;
}

function applyEvent(book: GuildBook, event: NodeEvent): void {
  const { store } = book;
  switch (event.type) {
    case 'voice.snapshot':
      applySnapshot(book, event);
      return;
    case 'voice.joined':
    case 'voice.moved':
    case 'voice.flags': {
      const change = seen(store.member(event.member.userId), event.member, event.at);
      if (change) present(book, [change], event.at);
      return;
    }
    case 'voice.left': {
      const change = gone(store.member(event.userId), event);
      if (change) present(book, [change], event.at);
      return;
    }
    case 'channel.created':
      store.putChannel(event.channel.channelId, event.channel.name);
      noteFacts(book, event.channel);
      book.announce(event.channel.channelId);
      return;
    case 'channel.deleted':
      deleteChannel(book, event.channelId);
      return;
    case 'guild.removed':
      for (const sessionId of sessionsOf(store, event.identityId)) {
        book.owe(`session:${sessionId}`, { kind: 'stop', reason: 'bot_removed' });
      }
      store.sql.exec('DELETE FROM identities WHERE identity_id = ?', event.identityId);
      owesIdentity(book, event.identityId, false);
      book.reconsiderAll();
      return;
    case 'session.warning': {
      const { sessionId, secondsLeft } = event;
      book.emit('session.warning', { guildId: book.id, sessionId, secondsLeft });
      return;
    }
    case 'session.connecting':
    case 'session.active':
    case 'session.degraded':
    case 'session.ended':
      book.owe(`session:${event.sessionId}`, { kind: 'leg', event });
      return;
    case 'recording.started':
    case 'recording.chunk.stored':
    case 'recording.fragment.stored':
    case 'recording.master.stored':
    case 'recording.failed':
    case 'report.sealed':
    case 'report.failed':
      book.owe(`session:${event.sessionId}`, { kind: 'recording', event });
  }
}

function present(book: GuildBook, changes: readonly PresenceChange[], at: number): void {
  const touched = new Set<string>();
  const guildId = book.id;
  for (const change of changes) {
    book.store.applyChange(change, at);
    if (change.kind === 'left') {
      const { userId, previousChannelId, cause } = change;
      touched.add(previousChannelId);
      book.emit('voice.left', { guildId, channelId: null, previousChannelId, userId, cause });
      continue;
    }
    const { member } = change;
    touched.add(member.channelId);
    if (change.kind !== 'flags' && !member.bot) joinedAnew(book, member.channelId);
    if (change.kind === 'moved') {
      touched.add(change.previousChannelId);
      book.emit('voice.moved', { guildId, previousChannelId: change.previousChannelId, member });
    } else if (change.kind === 'joined') book.emit('voice.joined', { guildId, member });
    else book.emit('voice.flags', { guildId, member });
  }
  for (const channelId of touched) book.reconsider(channelId);
}

/** Somebody came: a channel that left its call by command is ready again. */
function joinedAnew(book: GuildBook, channelId: string): void {
  const channel = book.store.channel(channelId);
  if (channel?.hold === 'until-join') book.store.setRest(channelId, 'none', channel.restUntil);
}

/** What the node sees of a channel in Discord; a ticket that waits is changed to fit. */
function noteFacts(book: GuildBook, channel: VoiceChannel): void {
  const { channelId, ageRestricted = false } = channel;
  book.settings.putFacts(channelId, { ageRestricted, missing: channel.missing ?? null });
  book.refreshTicket(channelId);
}

function owesIdentity(book: GuildBook, identityId: string, member: boolean): void {
  book.owe('fleet', { kind: 'identity', identityId, member });
}

function applySnapshot(book: GuildBook, event: Extract<NodeEvent, { type: 'voice.snapshot' }>): void {
  const { store } = book;
  store.sql.exec(
    'INSERT OR REPLACE INTO identities(identity_id, node_id) VALUES (?, ?)',
    event.identityId,
    event.nodeId,
  );
  owesIdentity(book, event.identityId, true);
  if (event.at < Number(store.meta('asOf') ?? 0)) {
    book.reconsiderAll();
    return;
  }
  store.setMeta('asOf', String(event.at));
  if (store.meta('name') !== event.guildName) {
    store.setMeta('name', event.guildName);
    book.owe('db', { kind: 'project', name: event.guildName, at: event.at });
  }
  const listed = new Set(event.channels.map((channel) => channel.channelId));
  for (const channel of store.channels()) if (!listed.has(channel.channelId)) deleteChannel(book, channel.channelId);
  for (const channel of event.channels) {
    const { channelId, name } = channel;
    const known = store.channel(channelId);
    store.putChannel(channelId, name);
    noteFacts(book, channel);
    if (!known) book.announce(channelId);
  }
  present(book, snapshotChanges(store.members(), event.members, event.at), event.at);
  store.forgetAbsent(event.at - ABSENT_KEPT_MS);
  // A ticket that the matchmaker lost would wait for ever: it is offered again, which changes nothing when it is known.
  for (const { use, ticketId, channelId } of store.channels()) {
    const ticket = book.settings.ticket(channelId);
    if (use === 'waiting' && ticket && ticket.ticketId === ticketId) book.offer(ticket);
  }
  // An identity more may be what a channel waited for.
  book.reconsiderAll();
}

function deleteChannel(book: GuildBook, channelId: string): void {
  const channel = book.store.channel(channelId);
  if (!channel) return;
  if (channel.use === 'waiting') book.withdraw(channelId, channel.ticketId ?? '');
  for (const sessionId of sessionsIn(book.store, channelId)) {
    book.owe(`session:${sessionId}`, { kind: 'stop', reason: 'channel_deleted', channelId });
  }
  book.store.removeChannel(channelId);
}

import type { NodeEvent, NodeEventOf, VoiceChannel } from '@patchbay/shared/events';
import type { GuildBook } from './book.ts';
import { captionFinal, captionState, noteComer } from './captions/events.ts';
import { heard, stands } from './echoes.ts';
import { sessionsIn, sessionsOf } from './leases.ts';
import { mailReported } from './mails.ts';
import { gone, type PresenceChange, type Reported, SKEW_MS, seen, snapshotChanges, stateOf } from './presence.ts';
import { noteMade, recordingFailed, recordingNoticed, recordingStarted } from './record.ts';
import { recordedPresence, recordingEvent } from './recorded.ts';
import { noteRoles } from './viewers.ts';

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
      const { member } = event;
      if (isEcho(book, event, member.userId, stateOf(member))) return;
      const change = seen(store.member(member.userId), member, event);
      if (change) present(book, [change], event);
      return;
    }
    case 'voice.left': {
      if (isEcho(book, event, event.userId, stateOf(null))) return;
      const change = gone(store.member(event.userId), event, event);
      if (change) present(book, [change], event);
      return;
    }
    case 'voice.cause':
      refine(book, event);
      return;
    case 'member.roles':
      noteRoles(book, event.userId, event.roles);
      return;
    case 'member.removed':
      noteRoles(book, event.userId, null);
      return;
    case 'channel.created':
      store.putChannel(event.channel.channelId, event.channel.name);
      noteFacts(book, event.channel);
      noteMade(book, event.channel.channelId, event.channel.parentId);
      book.announce(event.channel.channelId);
      book.refreshAccess();
      return;
    case 'channel.deleted':
      deleteChannel(book, event.channelId);
      book.refreshAccess();
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
      const audience = store.channelsOfSession(sessionId);
      book.emit('session.warning', { guildId: book.id, sessionId, secondsLeft }, { audience });
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
    case 'recording.sealed':
    case 'recording.flushed':
    case 'recording.coverage':
    case 'recording.noticed':
    case 'transcript.stored':
    case 'report.sealed':
    case 'report.failed':
      book.owe(`session:${event.sessionId}`, { kind: 'recording', event });
      if (event.type === 'recording.started') recordingStarted(book, event);
      if (event.type === 'recording.noticed') recordingNoticed(book, event);
      if (event.type === 'recording.failed') recordingFailed(book, event);
      recordingEvent(book, event);
      return;
    case 'mail.sent':
    case 'mail.failed':
      mailReported(book, event);
      return;
    case 'caption.final':
      captionFinal(book, event);
      return;
    case 'caption.state':
      captionState(book, event);
  }
}

/** Another node said the same before. Noted only where several nodes report: one node's own reports come once. */
function isEcho(book: GuildBook, { nodeId, at }: Reported, userId: string, state: string): boolean {
  if (!book.store.isReportedByOthersThan(nodeId)) return false;
  const { echo, row } = heard(book.history.states(userId), nodeId, state);
  book.history.putStates(userId, row, at);
  return echo;
}

/** Where a node stands in what each member was, after its whole picture. */
function notePlaces(
  { store, history }: GuildBook,
  { nodeId, at, members }: NodeEventOf<'voice.snapshot'>,
  changes: readonly PresenceChange[],
): void {
  if (!store.isReportedByOthersThan(nodeId)) return;
  const changed = new Set(changes.map((change) => (change.kind === 'left' ? change.userId : change.member.userId)));
  const present = new Map(members.map((member) => [member.userId, member]));
  for (const userId of new Set([...history.usersWithStates(), ...changed])) {
    const state = stateOf(present.get(userId) ?? null);
    history.putStates(userId, stands(history.states(userId), nodeId, state, changed.has(userId)), at);
  }
}

function present(book: GuildBook, changes: readonly PresenceChange[], by: Reported): void {
  const { store, history, id: guildId } = book;
  const touched = new Set<string>();
  const at = Math.round(by.at);
  for (const change of changes) {
    store.applyChange(change, by);
    if (change.kind === 'left') {
      const { userId, previousChannelId, cause } = change;
      touched.add(previousChannelId);
      const eventId = book.emit('voice.left', { guildId, channelId: null, previousChannelId, userId, cause }, { at });
      const { certainty } = cause;
      history.putDeparture(userId, { eventId, previousChannelId, channelId: null, at: by.at, certainty });
      continue;
    }
    const { member } = change;
    const { channelId, userId } = member;
    touched.add(channelId);
    if (change.kind !== 'flags' && !member.bot) {
      joinedAnew(book, channelId);
      noteComer(book, channelId, userId);
    }
    if (change.kind === 'moved') {
      const { previousChannelId } = change;
      touched.add(previousChannelId);
      const eventId = book.emit('voice.moved', { guildId, previousChannelId, member }, { at });
      history.putDeparture(userId, { eventId, previousChannelId, channelId, at: by.at, certainty: 0 });
    } else if (change.kind === 'joined') book.emit('voice.joined', { guildId, member }, { at });
    else book.emit('voice.flags', { guildId, member }, { at });
  }
  for (const channelId of touched) {
    recordedPresence(book, channelId);
    book.reconsider(channelId);
  }
}

/** What was found out of the last leave or move; told when it is surer than what was told before, so by one of several nodes. */
function refine(book: GuildBook, event: NodeEventOf<'voice.cause'>): void {
  const { userId, previousChannelId, channelId, cause, since } = event;
  const known = book.history.departure(userId);
  if (!known || known.previousChannelId !== previousChannelId || known.channelId !== channelId) return;
  if (Math.abs(known.at - since) > SKEW_MS || cause.certainty <= known.certainty) return;
  book.history.putDeparture(userId, { ...known, certainty: cause.certainty });
  const of = known.eventId;
  book.emit('voice.cause', { guildId: book.id, userId, previousChannelId, channelId, of, cause });
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
  book.access.putChannel(channel);
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
  // A picture of another node that is older than the known one; a node's own come in order, whatever its clock does.
  if (store.meta('asOfNode') !== event.nodeId && event.at < Number(store.meta('asOf') ?? 0)) {
    book.reconsiderAll();
    return;
  }
  const watched = store.meta('asOf') !== undefined;
  store.setMeta('asOf', String(event.at));
  store.setMeta('asOfNode', event.nodeId);
  if (event.access) book.access.putGuild(event.access);
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
    // Made while the node was away: in the very first picture everything is there already.
    if (!known && watched) noteMade(book, channelId, channel.parentId);
    if (!known) book.announce(channelId);
  }
  // Before the people: who may not see a new channel shall not hear of those who are in it.
  book.refreshAccess();
  const changes = snapshotChanges(store.members(), event.members, event);
  notePlaces(book, event, changes);
  present(book, changes, event);
  store.forgetAbsent(event.at - ABSENT_KEPT_MS);
  book.history.forget(event.at - ABSENT_KEPT_MS);
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
  const recording = book.records.of(channelId);
  if (recording?.lone) {
    book.owe(`session:${recording.sessionId}`, { kind: 'stop', reason: 'channel_deleted', channelId });
  }
  book.records.forget(channelId);
  book.store.removeChannel(channelId);
}

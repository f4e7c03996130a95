/** Keeps the page's picture true: one snapshot, then the stream of events. */
import type { ControlEvent, ControlMessage } from '../../src/control/contract.ts';
import type { Snapshot } from '../../src/control/page-operations.ts';
import { call } from '../api.ts';
import { directGuildId } from './select.ts';
import { getState, type PageState, setState } from './store.ts';

const keptLines = 1_000;
/** Events that say nothing about what there is, only what happened. */
const passing = new Set<ControlEvent['type']>([
  'speaking',
  'epoch',
  'message_created',
  'message_updated',
  'message_deleted',
  'interaction_answered',
  'interaction_updated',
  'voice_client_ready',
  'voice_client_gone',
]);

let lastEventId = 0;
let lastSpeakingId = 0;

export async function start(): Promise<void> {
  await refresh();
  ({ lastEventId } = getState().world);
  // Some of the past, so that the log does not begin empty.
  const stream = new EventSource(`/page/events?since=${Math.max(0, lastEventId - 200)}`);
  stream.addEventListener('error', () => setState({ connected: false }));
  stream.addEventListener('open', async () => {
    if (getState().connected) return;
    setState({ connected: true });
    // Fewer events than before: it was started anew, and nothing here is true any more.
    if ((await call('lastEventId', {})).id < lastEventId) location.reload();
  });
  stream.addEventListener('message', ({ lastEventId: id, data }) => take(Number(id), JSON.parse(data) as ControlEvent));
}

let refreshing: Promise<void> | undefined;
let again = false;

/** Fetches the world anew; calls during a fetch make one more after it. */
export function refresh(): Promise<void> {
  if (refreshing) {
    again = true;
    return refreshing;
  }
  refreshing = (async () => {
    do {
      again = false;
      const { meId } = getState();
      const known = meId !== undefined && getState().world.users.some(({ id }) => id === meId);
      const world = await call('snapshot', known ? { userId: meId } : {});
      // An op 5 may have come since the snapshot was taken.
      const speaking = world.lastEventId >= lastSpeakingId ? new Set(world.speaking) : getState().speaking;
      if (getState().meId !== undefined && !known && world.users.some(({ id }) => id === meId)) again = true;
      setState({ world, speaking, loaded: true, ...gone(world) });
    } while (again);
  })().finally(() => {
    refreshing = undefined;
  });
  return refreshing;
}

/** Forgets a place or a person that is no longer there. */
function gone(world: Snapshot): Partial<PageState> {
  const { guildId, channelId, meId } = getState();
  const channels = [...world.guilds.flatMap(({ channels }) => channels), ...world.directChannels];
  return {
    ...(channels.some(({ id }) => id === channelId) ? {} : { channelId: undefined }),
    ...(guildId === directGuildId || world.guilds.some(({ id }) => id === guildId) ? {} : { guildId: undefined }),
    ...(world.users.some(({ id }) => id === meId) ? {} : { meId: undefined }),
  };
}

function take(id: number, event: ControlEvent): void {
  const { log } = getState();
  const newest = log.at(-1)?.id ?? 0;
  if (id <= newest) return; // replayed after a reconnect
  setState({ log: [...log.slice(-keptLines + 1), { id, event }] });
  if (id <= lastEventId) return; // in the snapshot already
  lastEventId = id;
  if (!passing.has(event.type)) void refresh();
  if (event.type === 'speaking') {
    lastSpeakingId = id;
    setSpeaking(event.userId, event.speaking !== 0);
  } else if (event.type === 'voice_left' || event.type === 'voice_client_gone') {
    lastSpeakingId = id;
    setSpeaking(event.userId, false);
  } else if (event.type === 'message_created') addMessage(event.message);
  else if (event.type === 'message_updated')
    change(event.message.channelId, (list) => list.map((old) => (old.id === event.message.id ? event.message : old)));
  else if (event.type === 'message_deleted')
    change(event.channelId, (list) => list.filter(({ id }) => id !== event.messageId));
}

function setSpeaking(userId: string, on: boolean): void {
  const speaking = new Set(getState().speaking);
  if (on) speaking.add(userId);
  else speaking.delete(userId);
  setState({ speaking });
}

function addMessage(message: ControlMessage): void {
  const { channelId, unread, meId } = getState();
  change(message.channelId, (list) => [...list.filter(({ id }) => id !== message.id), message]);
  const forMe = message.visibleTo === null || message.visibleTo === meId;
  if (message.channelId !== channelId && message.authorId !== meId && forMe)
    setState({ unread: new Set([...unread, message.channelId]) });
}

function change(channelId: string, edit: (list: readonly ControlMessage[]) => readonly ControlMessage[]): void {
  const { messages } = getState();
  const list = messages.get(channelId);
  if (list) setState({ messages: new Map(messages).set(channelId, edit(list)) });
}

/** Fetches what a channel holds; messages that came meanwhile stay. */
export async function loadMessages(channelId: string): Promise<void> {
  if (!getState().messages.has(channelId)) setState({ messages: new Map(getState().messages).set(channelId, []) });
  const { messages } = await call('messages', { channelId });
  const ids = new Set(messages.map(({ id }) => id));
  change(channelId, (list) => [...messages, ...list.filter(({ id }) => !ids.has(id))]);
}

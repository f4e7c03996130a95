/** Everything that a click does, as thin functions: refusals become notices, new things are gone to. */
import type { ControlMessage, Input } from '../src/control/contract.ts';
import type { SnapshotGuild } from '../src/control/page-operations.ts';
import { call, callNamed } from './api.ts';
import { loadMessages, refresh } from './state/events.ts';
import { directGuildId } from './state/select.ts';
import { getState, setState } from './state/store.ts';
import { stopUnless } from './voice/sound-switches.ts';

/** Does it, and says so when the simulator refuses. */
export async function attempt<Value>(work: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await work();
  } catch (error) {
    notify(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

let notices = 0;
export function notify(text: string): void {
  notices += 1;
  const id = notices;
  setState({ notices: [...getState().notices.slice(-3), { id, text }] });
  setTimeout(() => dismiss(id), 8_000);
}
export function dismiss(id: number): void {
  setState({ notices: getState().notices.filter((notice) => notice.id !== id) });
}

/** Where one looks. */
export function openGuild(guildId: string): void {
  const { world, meId } = getState();
  if (guildId === directGuildId) {
    const first = world.directChannels.find(({ userId }) => userId === meId);
    setState({ guildId, channelId: undefined });
    if (first) openChannel(guildId, first.id);
    return;
  }
  const guild = world.guilds.find(({ id }) => id === guildId);
  const first = guild?.channels.find(({ kind }) => kind === 'text') ?? guild?.channels[0];
  setState({ guildId, channelId: undefined });
  if (first) openChannel(guildId, first.id);
  const member = (userId: string | undefined) => guild?.members.some((each) => each.userId === userId);
  if (!member(meId)) actAs(guild?.members.find(({ userId }) => !botIds().has(userId))?.userId);
}
const botIds = () => new Set(getState().world.users.flatMap(({ id, bot }) => (bot ? [id] : [])));

export function openChannel(guildId: string, channelId: string): void {
  const { panes, unread } = getState();
  const rest = new Set(unread);
  rest.delete(channelId);
  setState({ guildId, channelId, unread: rest, panes: { ...panes, navigation: false } });
  void attempt(() => loadMessages(channelId));
}

export function actAs(userId: string | undefined): void {
  stopUnless(userId);
  setState({ meId: userId });
  void refresh();
}

/** Making things. */
export async function createGuild(name: string): Promise<void> {
  const { guildId, ownerId } = await call('createGuild', { name });
  await call('createTextChannel', { guildId, name: 'general' });
  await call('createVoiceChannel', { guildId, name: 'Lounge' });
  const { meId } = getState();
  if (meId === undefined) actAs(ownerId);
  else await call('addMember', { guildId, userId: meId });
  await refresh();
  openGuild(guildId);
}
export async function createChannel(guild: SnapshotGuild, kind: string, name: string): Promise<void> {
  const make = kind === 'voice' ? 'createVoiceChannel' : 'createTextChannel';
  const { channelId } = await call(make, { guildId: guild.id, name });
  await refresh();
  if (kind !== 'voice') openChannel(guild.id, channelId);
}
export async function createPerson(guildId: string, name: string): Promise<void> {
  const { userId } = await call('createMember', { guildId, name });
  actAs(userId);
  await refresh();
}
export async function createBot(name: string, interactionsUrl: string, guildId: string, permissions: string[]) {
  const made = await call('createApplication', { name, ...(interactionsUrl === '' ? {} : { interactionsUrl }) });
  await call('addBot', { guildId, botUserId: made.botUserId, permissions });
  await refresh();
  return made;
}
export const addBot = (guildId: string, botUserId: string, permissions: string[]) =>
  call('addBot', { guildId, botUserId, permissions });
export const addMember = (guildId: string, userId: string) => call('addMember', { guildId, userId });
export const deleteChannel = (channelId: string) => call('deleteChannel', { channelId });

/** Voice. */
export async function joinVoice(channelId: string): Promise<void> {
  const { meId } = getState();
  if (meId !== undefined) await call('join', { userId: meId, channelId });
}
export const leaveVoice = (userId: string) => call('leave', { userId });
export const moveTo = (userId: string, channelId: string) => call('move', { userId, channelId });
export const disconnect = (guildId: string, userId: string) => call('disconnect', { guildId, userId });
export const kick = (guildId: string, userId: string) => call('kick', { guildId, userId });
export const setVoiceFlags = (input: Input<'setVoiceFlags'>) => call('setVoiceFlags', input);
export const serverMute = (input: Input<'serverMute'>) => call('serverMute', input);
export const speak = (userId: string, clip: string) => call('speak', { userId, clip });
export const clips = async () => (await call('clips', {})).clips;

/** Messages and interactions. */
export const say = (userId: string, channelId: string, content: string) => call('say', { userId, channelId, content });
export async function openDirect(botUserId: string): Promise<void> {
  const { meId } = getState();
  if (meId === undefined) return;
  const { channelId } = await call('openDirectMessage', { botUserId, userId: meId });
  await refresh();
  openChannel(directGuildId, channelId);
}

/** An option of a command as Discord sends it. */
export interface UsedOption {
  name: string;
  type: number;
  value?: string | number | boolean;
  options?: UsedOption[];
}
interface Place {
  userId: string;
  channelId: string;
  guildId?: string;
}
/** Who acts, and where. */
export function placeOf(): Place | undefined {
  const { meId, channelId, guildId } = getState();
  if (meId === undefined || channelId === undefined) return undefined;
  return { userId: meId, channelId, ...(guildId === undefined || guildId === directGuildId ? {} : { guildId }) };
}

/** What came of an interaction; `modal` when the application opened one. */
export interface Outcome {
  interactionId: string;
  outcome: string;
  refusal: string | null;
  modal?: { customId: string; title: string; components: unknown[] } | null;
  choices?: { name: string; value: string | number }[] | null;
}

export const useCommand = (applicationId: string, name: string, options: UsedOption[], place: Place) =>
  interact('command', { applicationId, ...place, name, options });
export const useContextCommand = (
  applicationId: string,
  name: string,
  target: { targetUserId: string } | { targetMessageId: string },
  place: Place,
) => interact('contextCommand', { applicationId, ...place, name, ...target });
/** What the application offers for the option that is being typed. */
export async function autocomplete(
  applicationId: string,
  name: string,
  options: UsedOption[],
  focused: string,
  place: Place,
): Promise<{ name: string; value: string | number }[]> {
  const outcome = (await callNamed('autocomplete', { applicationId, ...place, name, options, focused })) as Outcome;
  return outcome.choices ?? [];
}
export const click = ({ id }: ControlMessage, customId: string) =>
  onMessage((userId) => interact('click', { userId, messageId: id, customId }));
export const select = ({ id }: ControlMessage, customId: string, values: string[]) =>
  onMessage((userId) => interact('select', { userId, messageId: id, customId, values }));
/** `interactionId`: of the interaction that was answered with the modal. */
export const submitModal = (interactionId: string, fields: Record<string, string | string[]>) =>
  interact('submitModal', { interactionId, fields });

async function onMessage(work: (userId: string) => Promise<Outcome>): Promise<Outcome> {
  const { meId } = getState();
  if (meId === undefined) throw new Error('choose whom to act as first');
  return work(meId);
}

async function interact(operation: string, input: object): Promise<Outcome> {
  const outcome = (await callNamed(operation, input)) as Outcome;
  if (outcome.outcome === 'did_not_respond') notify('The application did not respond');
  if (outcome.outcome === 'refused') notify(`The application's answer was not accepted: ${outcome.refusal ?? ''}`);
  return outcome;
}

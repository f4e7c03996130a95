/** Calls by hand: guilds with channels and people, sessions that an operator starts, and what each side sees of them. */
import type { HubEvents, SessionView } from '@patchbay/shared/hub-protocol';
import type { SessionChange, SessionRequest } from '@patchbay/shared/session-requests';
import { OPERATOR_NODE_ID } from '@patchbay/shared/sign-in';
import { sign } from '@patchbay/shared/signing';
import type { SimControl } from '@patchbay/sim/control-client';
import { exchangeCode, HubWatcher, mintCode } from '../stack/hub.ts';
import type { Stack } from '../stack/stack.ts';

export interface Room {
  channelId: string;
  guildId: string;
  userId: string;
  name: string;
}

export interface House {
  guildId: string;
  name: string;
  ownerId: string;
  textChannelId: string;
  /** Voice channels, each with one person who belongs there. */
  rooms: Room[];
}

/** A guild with voice channels of these names, a person for each, and these bots. Nobody has joined yet. */
export async function makeHouse(sim: SimControl, name: string, rooms: string[], bots: string[]): Promise<House> {
  const { guildId, ownerId } = await sim.createGuild({ name });
  const { channelId: textChannelId } = await sim.createTextChannel(guildId, { name: 'general' });
  const house: House = { guildId, name, ownerId, textChannelId, rooms: [] };
  for (const room of rooms) {
    const { channelId } = await sim.createVoiceChannel(guildId, { name: room });
    const { userId } = await sim.createMember(guildId, { name: `Person of ${room}` });
    house.rooms.push({ channelId, guildId, userId, name: room });
  }
  for (const bot of bots) await sim.addBot(guildId, bot);
  return house;
}

export async function watch(stack: Stack, { guildId, ownerId }: House): Promise<HubWatcher> {
  const code = await mintCode(stack.workerUrl, stack.hubSecret, ownerId, [guildId]);
  return HubWatcher.connect(stack.workerUrl, guildId, await exchangeCode(stack.workerUrl, code));
}

async function operate(stack: Stack, path: string, payload: unknown): Promise<{ status: number; answer: unknown }> {
  const body = JSON.stringify(payload);
  const headers = await sign(stack.hubSecret, { method: 'POST', path, nodeId: OPERATOR_NODE_ID, body });
  const response = await fetch(stack.workerUrl + path, { method: 'POST', headers, body });
  return { status: response.status, answer: await response.json() };
}

/** People join their rooms and a session of them is started; resolves when every watcher sees it active. */
export async function startCall(
  stack: Stack,
  rooms: readonly (Room & { side?: 'caller' | 'staff' })[],
  request: Partial<SessionRequest> = {},
): Promise<string> {
  for (const { userId, channelId } of rooms) await stack.sim.join(userId, channelId);
  return startSession(stack, rooms, request);
}

/** The same without anybody joining. */
export async function startSession(
  stack: Stack,
  rooms: readonly (Room & { side?: 'caller' | 'staff' })[],
  request: Partial<SessionRequest> = {},
): Promise<string> {
  const legs = rooms.map(({ guildId, channelId, side }) => ({ guildId, channelId, ...(side ? { side } : {}) }));
  const { status, answer } = await operate(stack, '/api/internal/sessions', { mode: 'bridge', legs, ...request });
  if (status !== 200) throw new Error(`The session was refused: ${JSON.stringify(answer)}`);
  return (answer as { sessionId: string }).sessionId;
}

/** Changes a session; the answer, or the error's body. */
export async function change(stack: Stack, sessionId: string, body: SessionChange): Promise<Record<string, unknown>> {
  const { answer } = await operate(stack, `/api/internal/sessions/${sessionId}/changes`, body);
  return answer as Record<string, unknown>;
}

/** The session as a watcher sees it, once it fits. */
export function seen(
  watcher: HubWatcher,
  sessionId: string,
  what: string,
  fits: (view: SessionView) => boolean,
): Promise<SessionView> {
  return watcher.until(what, () =>
    watcher
      .sessions()
      .find((view: HubEvents['session.state']['session']) => view.sessionId === sessionId && fits(view)),
  );
}

export const active = (watcher: HubWatcher, sessionId: string) =>
  seen(
    watcher,
    sessionId,
    'the call to be active',
    ({ state, legs }) => state === 'active' && legs.every((leg) => leg.state === 'active'),
  );

export const ended = (watcher: HubWatcher, sessionId: string) =>
  seen(watcher, sessionId, 'the call to end', ({ state }) => state === 'ended');

/** Resolves when a message with this text stands in the channel. */
export async function told(sim: SimControl, channelId: string, text: string): Promise<void> {
  await sim.until(async () => (await sim.messages(channelId)).some(({ content }) => content.includes(text)), {
    what: `“${text}” in channel ${channelId}`,
  });
}

/** A slash command, and the answer's text. */
export async function say(
  stack: Stack,
  house: House,
  userId: string,
  name: string,
  options: Parameters<SimControl['command']>[0]['options'] = [],
): Promise<string> {
  const answer = await stack.sim.command({
    applicationId: stack.application.applicationId,
    guildId: house.guildId,
    channelId: house.textChannelId,
    userId,
    name,
    options,
  });
  return answer.message?.content ?? JSON.stringify(answer);
}

/**
 * The first call: four people in two guilds join their channels, are paired, talk, and leave. Everything is looked at from
 * outside: through Discord (the simulator), the browser's socket and the bucket.
 */
import type { SessionView } from '@patchbay/shared/hub-protocol';
import { exchangeCode, HubWatcher, mintCode } from '../stack/hub.ts';
import type { Stack } from '../stack/stack.ts';
import { type CaptionVerdict, captionAlways, finalsOf, judgeCaptions, judgeWritten, saidBy } from './captions.ts';
import { collectHeard, judgeListeners, type ListenerVerdict, type Spoken, speakLines } from './play.ts';
import { judgeRecordings, type TrackVerdict } from './recordings.ts';
import { tonesHeard } from './tones.ts';
import { configure, makeWorld, type PlayedSide } from './world.ts';

export interface FirstCall {
  session: SessionView;
  spoken: Spoken[];
  listeners: ListenerVerdict[];
  tracks: TrackVerdict[];
  /** What the page was told of who said what, and what is wrong in the channels' chats; absent: the scene has no captions. */
  captions?: CaptionVerdict & { wrongInDiscord: string[] };
  /** Frames that left the bot in the clear although the room is end-to-end encrypted. */
  plaintextFrames: number;
  daveVersions: (number | undefined)[];
}

export interface Scene {
  stack: Stack;
  both: [PlayedSide, PlayedSide];
  /** One watcher per guild. */
  watchers: [HubWatcher, HubWatcher];
  captioned: boolean;
}

/** Makes the guilds, starts the voice node, sets the channels up and opens a watcher on each guild. */
export async function setScene(
  stack: Stack,
  {
    captions = false,
    onProgress = () => undefined,
  }: {
    /** Every call is captioned, and each side reads the other's. */
    captions?: boolean;
    onProgress?: (text: string) => void;
  } = {},
): Promise<Scene> {
  const both = await makeWorld(stack.sim, stack.application);
  await stack.startNode();
  onProgress('The voice node is up.');
  for (const side of both) {
    const answer = await configure(stack.sim, stack.application, side);
    // As Discord shows a mention of a channel.
    onProgress(`${side.guildName}: ${answer.replaceAll(`<#${side.channelId}>`, `#${side.channelName}`)}`);
    if (captions) await captionAlways(stack, side);
  }
  const watchers: HubWatcher[] = [];
  for (const { ownerId, guildId } of both) {
    const code = await mintCode(stack.workerUrl, stack.hubSecret, ownerId, [guildId]);
    watchers.push(await HubWatcher.connect(stack.workerUrl, guildId, await exchangeCode(stack.workerUrl, code)));
  }
  return { stack, both, watchers: watchers as [HubWatcher, HubWatcher], captioned: captions };
}

export interface CallCallbacks {
  onProgress?: (text: string) => void;
  /** As each line begins. */
  onLine?: (name: string, text: string) => void;
}

/** Everybody joins; resolves with the session when both sides are connected, and have heard so. */
export async function joinAll({ stack, both, watchers }: Scene): Promise<SessionView> {
  const earlier = new Set(watchers[0].sessions().map(({ sessionId }) => sessionId));
  const people = both.flatMap(({ members }) => members.map(({ userId }) => userId));
  for (const userId of people) await stack.sim.clearHeard(userId);
  for (const side of both) {
    for (const { userId } of side.members) await stack.sim.join(userId, side.channelId);
  }
  const [session] = await Promise.all(
    watchers.map((watcher) =>
      watcher.until('the call to be active', () =>
        watcher.sessions().find(({ sessionId, state }) => !earlier.has(sessionId) && state === 'active'),
      ),
    ),
  );
  if (!session) throw new Error('no session');
  await tonesHeard(stack.sim, people, [stack.application.botUserId]);
  return session;
}

/** Everybody leaves; resolves with the session as it ended, its recordings stored. */
export async function leaveAll(
  { stack, both, watchers }: Scene,
  sessionId: string,
  tracks: number,
): Promise<SessionView> {
  for (const side of both) for (const { userId } of side.members) await stack.sim.leave(userId);
  const [first, second] = watchers;
  const ended = (watcher: HubWatcher) =>
    watcher.until('the call to end', () =>
      watcher.sessions().find((view) => view.sessionId === sessionId && view.state === 'ended'),
    );
  await Promise.all([ended(first), ended(second)]);
  const stored = (watcher: HubWatcher) => watcher.sessions().find((view) => view.sessionId === sessionId)?.stored ?? [];
  const keys = () => new Set([...stored(first), ...stored(second)].map(({ key }) => key));
  const all = () => keys().size >= tracks;
  await Promise.race([first, second].map((watcher) => watcher.until('the recordings to be stored', all)));
  return await ended(first);
}

/** Plays the whole call and judges it. */
export async function playCall(scene: Scene, callbacks: CallCallbacks = {}): Promise<FirstCall> {
  const { stack, both } = scene;
  const { onProgress = () => undefined, onLine = () => undefined } = callbacks;
  const people = both.flatMap(({ members }) => members);
  const before = await Promise.all(both.map(async ({ channelId }) => (await stack.sim.messages(channelId)).length));
  const active = await joinAll(scene);
  // The connect tone is over; what counts from here on is speech.
  for (const { userId } of people) await stack.sim.clearHeard(userId);
  onProgress(`Call ${active.sessionId}: ${both.map(({ guildName }) => guildName).join(' and ')} are connected.`);
  const spoken = await speakLines(stack.sim, both, (name, text) => {
    onProgress(`  ${name}: “${text}”`);
    onLine(name, text);
  });
  const heard = await collectHeard(stack.sim, both, stack.application.botUserId);
  const { plaintextFramesInDaveRooms = Number.NaN } = await stack.sim.counters();
  const session = await leaveAll(scene, active.sessionId, people.length);
  onProgress(`The call ended (${session.endReason}); ${people.length} recordings are stored.`);
  onProgress('Comparing what was heard and stored with what was spoken…');
  const listeners = judgeListeners(heard, spoken);
  const tracks = await judgeRecordings(stack.s3, active.sessionId, spoken);
  const captions = scene.captioned ? await judgeAllCaptions(scene, session, spoken, before) : undefined;
  return {
    session,
    spoken,
    listeners,
    tracks,
    ...(captions ? { captions } : {}),
    plaintextFrames: plaintextFramesInDaveRooms,
    daveVersions: active.legs.map(({ daveVersion }) => daveVersion),
  };
}

/** `skip`: messages that stood in each channel's chat before the call. */
async function judgeAllCaptions(
  { stack: { sim }, both, watchers }: Scene,
  { sessionId, startedAt }: SessionView,
  spoken: readonly Spoken[],
  skip: readonly number[],
): Promise<NonNullable<FirstCall['captions']>> {
  const finals = watchers.flatMap((watcher) => finalsOf(watcher, sessionId));
  const people = both.flatMap(({ members }) => members);
  const expected = await saidBy(spoken, (id) => people.find(({ userId }) => userId === id)?.name ?? id);
  const wrong = await Promise.all(
    both.map(({ channelId }, index) => judgeWritten(sim, channelId, expected, { skip: skip[index] ?? 0 })),
  );
  return { ...(await judgeCaptions(finals, spoken, startedAt)), wrongInDiscord: wrong.flat() };
}

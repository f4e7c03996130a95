/**
 * The bridge on the wire: how long a voice packet stays in the bot, from UDP in to UDP out, as the simulator sees it. One member
 * speaks in one guild, one listens in the other; both instants are taken by the simulator, whose own encryption and event loop
 * are part of each figure. The same speech goes through three bots, one after the other, in one run: Patchbay, Patchbay
 * made to mix always, and the usual bot.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { joinAll, leaveAll, setScene } from '../scenario/first-call.ts';
import { makeWorld, type PlayedSide } from '../scenario/world.ts';
import { Child, readyJson } from '../stack/child.ts';
import { root, Stack } from '../stack/stack.ts';
import type { BenchContext } from './context.ts';
import { type Matches, matchByContent, matchByPayload } from './match.ts';
import { mediaCpu } from './media-cpu.ts';
import { type BenchRow, lessIsBetter, percentile } from './row.ts';

/** About 20 s of speech. */
const CLIPS = ['ada-1', 'ada-2', 'ada-3', 'ada-1', 'ada-2', 'ada-3', 'ada-1', 'ada-2', 'ada-3'];
/**
 * Between two clips. The usual bot needs 100 ms without a packet to notice that somebody starts again: with a shorter pause it
 * loses the whole next sentence, and nothing could be compared. ms.
 */
const PAUSE_MS = 500;
/** The slowest bot has sent its last packet by then. ms. */
const LAST_PACKETS_MS = 1_000;
/** With fewer packets found than this share of those that were sought, a percentile would be that of the lucky ones. */
const LEAST_FOUND = 0.8;

const USUAL_BOT = 'usual bot (receive stream, decode, AudioPlayer)';
const ALWAYS_MIX = 'own decode + mix + encode';
const DECODE_MIX_ENCODE = 'decode + mix + encode';

interface Heard {
  byPayload: Matches;
  byContent: Matches;
}

/** Speaks and listens. One clip goes ahead: the first packets of a room meet cold code. */
async function listen(stack: Stack, both: readonly [PlayedSide, PlayedSide], botUserId: string): Promise<Heard> {
  const { sim } = stack;
  const [speaker, listener] = [both[0].members[0], both[1].members[0]];
  if (!speaker || !listener) throw new Error('Each side of the scene has a member.');
  await Promise.all([sim.ready(speaker.userId), sim.ready(listener.userId)]);
  const say = async (clip: string) => {
    await sim.speak(speaker.userId, { clip });
    await sim.waitUntilSilent(speaker.userId);
    await sleep(PAUSE_MS);
  };
  await say('ada-1');
  await sleep(LAST_PACKETS_MS);
  await Promise.all([sim.clearHeard(speaker.userId), sim.clearHeard(listener.userId)]);
  for (const clip of CLIPS) await say(clip);
  await sleep(LAST_PACKETS_MS);
  const spoken = (await sim.spoken(speaker.userId)).map((packet) => ({
    ...packet,
    opus: Buffer.from(packet.opus, 'base64'),
  }));
  const heard = (await sim.heard(listener.userId))
    .filter(({ fromUserId }) => fromUserId === botUserId)
    .map((packet) => ({ ...packet, opus: Buffer.from(packet.opus, 'base64') }));
  return { byPayload: matchByPayload(spoken, heard), byContent: matchByContent(spoken, heard) };
}

/** A percentile of the delays in ms, or why there is none. */
function delay({ delays, sought }: Matches, share: number): number | string {
  if (delays.length < LEAST_FOUND * sought || delays.length === 0) {
    return `only ${delays.length} of ${sought} packets were found again at the listener's`;
  }
  return percentile(delays, share);
}

async function listenToUsualBot(stack: Stack): Promise<Heard> {
  const application = await stack.sim.createApplication({ name: 'Usual bot' });
  const both = await makeWorld(stack.sim, application);
  const { child } = await Child.start({
    children: stack.children,
    name: 'usual-bot',
    script: join(root, 'system/src/bench/usual-bot.ts'),
    cwd: root,
    env: {
      ...stack.simEnvironment,
      DISCORD_TOKEN: application.token,
      CHANNELS: both.map(({ guildId, channelId }) => `${guildId}:${channelId}`).join(','),
    },
    logFile: join(stack.directory, 'logs', 'usual-bot.log'),
    ready: readyJson,
  });
  for (const side of both) for (const { userId } of side.members) await stack.sim.join(userId, side.channelId);
  const heard = await listen(stack, both, application.botUserId);
  await child.stop();
  stack.children.delete('usual-bot');
  return heard;
}

const describe = ({ delays, sought }: Matches) =>
  delays.length === 0
    ? `none of ${sought} packets found`
    : `p50 ${percentile(delays, 0.5).toFixed(2)} ms, p99 ${percentile(delays, 0.99).toFixed(2)} ms (${delays.length} of ${sought} packets)`;

/** All rows of the bench `bridge`. Takes about two minutes. */
export async function benchBridge({ directory, say, onStack }: BenchContext): Promise<BenchRow[]> {
  const cpu = mediaCpu();
  say(`Bridge alone: ${cpu.pass.toFixed(1)} µs a packet passed through, ${cpu.mix.toFixed(1)} µs mixed.`);
  const stack = await Stack.start({ directory, onProgress: say });
  onStack(stack);
  const scene = await setScene(stack, say);
  const measure = async () => {
    const { sessionId } = await joinAll(scene);
    const heard = await listen(stack, scene.both, stack.application.botUserId);
    await leaveAll(scene, sessionId, 0);
    return heard;
  };

  const passed = await measure();
  say(`Passed through, by payload: ${describe(passed.byPayload)}.`);
  say(`Passed through, by content (a check of the method): ${describe(passed.byContent)}.`);

  await stack.children.get('node-1')?.stop(20_000);
  await stack.startNode('node-1', { BRIDGE_PASS_THROUGH: 'false' });
  const mixed = await measure();
  say(`${ALWAYS_MIX}, by content: ${describe(mixed.byContent)}.`);
  if (mixed.byPayload.delays.length > 0) throw new Error('The node that mixes always passed packets through.');

  await stack.children.get('node-1')?.stop(20_000);
  stack.children.delete('node-1');
  const usual = await listenToUsualBot(stack);
  say(`${USUAL_BOT}, by content: ${describe(usual.byContent)}.`);

  const rows = (
    [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const
  ).flatMap(([label, share]) => {
    const name = `bridge/passthrough-delay-${label}`;
    const ours = delay(passed.byPayload, share);
    return [
      lessIsBetter(name, 'ms', ours, USUAL_BOT, delay(usual.byContent, share)),
      lessIsBetter(name, 'ms', ours, ALWAYS_MIX, delay(mixed.byContent, share)),
    ];
  });
  return [
    ...rows,
    lessIsBetter('bridge/mix-delay-p50', 'ms', delay(mixed.byContent, 0.5), USUAL_BOT, delay(usual.byContent, 0.5)),
    lessIsBetter('bridge/media-cpu', 'µs/packet', cpu.pass, DECODE_MIX_ENCODE, cpu.mix),
  ];
}

/**
 * The bridge on the wire. How long a voice packet stays in the bot, from UDP in to UDP out, as the simulator sees it: one member
 * speaks in one guild, one listens in the other; both instants are taken by the simulator, whose own encryption and event loop
 * are part of each figure. And what a bot's whole process costs with several calls at once. The same speech goes through three
 * bots, one after the other, in one run: Patchbay, Patchbay made to mix always, and the usual bot. Nobody records.
 */
import { join } from 'node:path';
import { makeWorld } from '../scenario/world.ts';
import { Child, readyJson } from '../stack/child.ts';
import { root, Stack } from '../stack/stack.ts';
import { type BenchCall, enter, joinCall, leaveCall, prepareCall, talk } from './calls.ts';
import type { BenchContext } from './context.ts';
import { delay, describe, type Heard, listen, type Sides } from './listen.ts';
import { describeLoad, type Load, measureLoad } from './load.ts';
import { mediaCpu } from './media-cpu.ts';
import { type BenchRow, lessIsBetter, percentile } from './row.ts';

/** At once, while CPU time is measured. */
const CALLS = 10;
/** Between two clips of one listening, for the worst case of a mix: less than a frame of silence. ms. */
const NO_PAUSE_MS = 5;
/** With more added delay than this at p99 a call is not counted. ms. */
const PROMPT_MS = 20;

const USUAL_BOT = 'usual bot (receive stream, decode, AudioPlayer)';
const ALWAYS_MIX = 'own decode + mix + encode';
const DECODE_MIX_ENCODE = 'decode + mix + encode';

interface Measured {
  heard: Heard;
  load: Load;
}

/** Listens to one call alone, then measures the process with all of them. */
async function measure(stack: Stack, child: Child, calls: readonly Sides[], botUserId: string): Promise<Measured> {
  const [first] = calls;
  if (!first) throw new Error('There is a call at least.');
  const heard = await listen(stack.sim, first, botUserId);
  return { heard, load: await measureLoad(stack.sim, child, calls) };
}

/** All calls are joined while `task` runs. */
async function during<T>(stack: Stack, calls: readonly BenchCall[], task: () => Promise<T>): Promise<T> {
  const sessions: string[] = [];
  for (const call of calls) sessions.push(await joinCall(stack.sim, call));
  const result = await task();
  for (const [index, call] of calls.entries()) await leaveCall(stack.sim, call, sessions[index] ?? '');
  return result;
}

async function measureUsualBot(stack: Stack): Promise<Measured> {
  const application = await stack.sim.createApplication({ name: 'Usual bot' });
  const calls: Sides[] = [];
  for (let call = 0; call < CALLS; call += 1) calls.push(await makeWorld(stack.sim, application));
  const place = (both: Sides) => both.map(({ guildId, channelId }) => `${guildId}:${channelId}`).join(',');
  const { child } = await Child.start({
    children: stack.children,
    name: 'usual-bot',
    script: join(root, 'system/src/bench/usual-bot.ts'),
    cwd: root,
    env: { ...stack.simEnvironment, DISCORD_TOKEN: application.token, CHANNELS: calls.map(place).join(';') },
    logFile: join(stack.directory, 'logs', 'usual-bot.log'),
    ready: readyJson,
  });
  for (const both of calls) await enter(stack.sim, both);
  const measured = await measure(stack, child, calls, application.botUserId);
  await child.stop();
  stack.children.delete('usual-bot');
  return measured;
}

/** All rows of the bench `bridge`. Takes about five minutes. */
export async function benchBridge({ directory, say, onStack }: BenchContext): Promise<BenchRow[]> {
  const media = await mediaCpu();
  say(`Bridge alone: ${media.pass.toFixed(1)} µs a packet passed through, ${media.mix.toFixed(1)} µs mixed.`);
  const stack = await Stack.start({ directory, onProgress: say });
  onStack(stack);
  const { sim } = stack;
  const { botUserId } = stack.application;
  const worlds: Sides[] = [];
  for (let call = 0; call < CALLS; call += 1) worlds.push(await makeWorld(sim, stack.application));
  const node = await stack.startNode();
  const calls: BenchCall[] = [];
  for (const both of worlds) calls.push({ both, watcher: await prepareCall(stack, both) });
  const [first] = worlds;
  if (!first) throw new Error('There is a call at least.');

  const passed = await during(stack, calls, async () => {
    const measured = await measure(stack, node, worlds, botUserId);
    const talking = await talk(sim, worlds.slice(1), 'ben-1');
    const loaded = await listen(sim, first, botUserId);
    await talking.stop();
    return { ...measured, loaded };
  });
  say(`Passed through, by payload: ${describe(passed.heard.byPayload)}.`);
  say(`Passed through, by content (a check of the method): ${describe(passed.heard.byContent)}.`);
  say(`Passed through, ${describeLoad(CALLS, passed.load)}; by payload ${describe(passed.loaded.byPayload)}.`);

  await node.stop(20_000);
  const mixing = await stack.startNode('node-1', { BRIDGE_PASS_THROUGH: 'false' });
  const mixed = await during(stack, calls, async () => {
    const measured = await measure(stack, mixing, worlds, botUserId);
    return { ...measured, close: await listen(sim, first, botUserId, NO_PAUSE_MS) };
  });
  say(`${ALWAYS_MIX}, by content: ${describe(mixed.heard.byContent)}.`);
  say(`${ALWAYS_MIX}, almost no pause between clips, by content: ${describe(mixed.close.byContent)}.`);
  say(`${ALWAYS_MIX}, ${describeLoad(CALLS, mixed.load)}.`);
  if (mixed.heard.byPayload.delays.length > 0) throw new Error('The node that mixes always passed packets through.');
  for (const { watcher } of calls) watcher.close();

  await mixing.stop(20_000);
  stack.children.delete('node-1');
  const usual = await measureUsualBot(stack);
  say(`${USUAL_BOT}, by content: ${describe(usual.heard.byContent)}.`);
  say(`${USUAL_BOT}, ${describeLoad(CALLS, usual.load)}.`);

  return [
    ...delayRows(passed.heard, mixed.heard, usual.heard),
    lessIsBetter('bridge/media-cpu', 'µs/packet', media.pass, DECODE_MIX_ENCODE, media.mix),
    lessIsBetter('bridge/process-cpu', 'µs/packet', passed.load.perPacket, ALWAYS_MIX, mixed.load.perPacket),
    lessIsBetter('bridge/process-cpu', 'µs/packet', passed.load.perPacket, USUAL_BOT, usual.load.perPacket),
    callsRow({ ...passed, heard: passed.loaded }, ALWAYS_MIX, mixed),
    callsRow({ ...passed, heard: passed.loaded }, USUAL_BOT, usual),
  ];
}

function delayRows(passed: Heard, mixed: Heard, usual: Heard): BenchRow[] {
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
  const [ownMix, theirs] = [delay(mixed.byContent, 0.5), delay(usual.byContent, 0.5)];
  return [...rows, lessIsBetter('bridge/mix-delay-p50', 'ms', ownMix, USUAL_BOT, theirs)];
}

/** Extrapolated from the CPU time of {@link CALLS} calls to 70 % of a core; a baseline's figure says nothing of its delay. */
function callsRow(ours: Measured, baselineName: string, baseline: Measured): BenchRow {
  const { delays } = ours.heard.byPayload;
  const p99 = delays.length > 0 ? percentile(delays, 0.99) : Number.NaN;
  const isPrompt = p99 < PROMPT_MS;
  const theirs = baseline.load.callsPerCore;
  return {
    name: 'bridge/calls-per-core',
    ours: isPrompt ? ours.load.callsPerCore : null,
    baselineName: `${baselineName}, whatever its delay`,
    baseline: theirs,
    ratio: isPrompt ? ours.load.callsPerCore / theirs : null,
    unit: `calls at 70 % of a core, extrapolated from ${CALLS}`,
    ...(isPrompt ? {} : { why: `p99 is ${p99} ms with ${CALLS} calls` }),
  };
}

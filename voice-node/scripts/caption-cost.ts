/**
 * What captions cost, beside two other layouts, on one session: `cost MINUTES` on virtual time (what the service bills, connections),
 * `delay SECONDS URL KEY` in real time against a Deepgram stand-in (delay of finals, CPU time). Prints one line of JSON.
 */
import type { Clip } from '../../sim/src/clips/clip.ts';
import { loadClips } from '../../sim/src/clips/library.ts';
import { SoundLibrary } from '../../sim/src/hearing/sound-library.ts';
import { type VirtualPacket, type VirtualSpeech, virtualCall } from '../../sim/src/scenario/virtual-call.ts';
import { DeepgramEngine } from '../src/captions/deepgram/deepgram-engine.ts';
import type { CaptionEngine } from '../src/captions/engine.ts';
import { CaptionPool } from '../src/captions/pool/caption-pool.ts';
import { LegCaptions } from '../src/captions/session/leg-captions.ts';
import { Ear } from '../src/captions/speech/ear.ts';
import { StandInEngine } from '../src/captions/stand-in-engine.ts';
import { createLogger } from '../src/ops/logger.ts';
import { realTime, type Scheduler } from '../src/ops/scheduler.ts';
import { VirtualTime } from '../src/ops/virtual-time.ts';
import { ChannelPerUser, ConnectionPerUser, type Layout } from './caption-layouts.ts';

const people = ['1', '2', '3', '4', '5', '6', '7', '8'];
const logger = createLogger('silent');
const clips: Clip[] = [...(await loadClips()).values()];
const english = { language: 'en', keyterms: [] };

interface Talk {
  packets: VirtualPacket[];
  speeches: VirtualSpeech[];
  /** Of clips, without the silence frames that end them. */
  speechSeconds: number;
}

function talk(durationMs: number, pauseMs: number, startsAt: number): Talk {
  const speeches: VirtualSpeech[] = [];
  const speakers = people.map((userId) => ({ userId, clips, pauseMs, faults: { jitterMs: 15 } }));
  const call = { seed: 'caption cost', durationMs, startsAt, speakers };
  const packets = [...virtualCall({ ...call, onSpeech: (speech) => speeches.push(speech) })];
  const speechSeconds = speeches.reduce((sum, { clip }) => sum + clip.packets.length * 0.02, 0);
  return { packets, speeches, speechSeconds };
}

/** A layout, and ours, as something that takes packets. */
interface Listener {
  packet(packet: VirtualPacket): void;
  finish(): Promise<void>;
}

type OnFinal = (userId: string, endMs: number) => void;

function ours(
  engine: CaptionEngine,
  scheduler: Scheduler,
  timeZero: number,
  channels: number,
  onFinal: OnFinal,
): Listener {
  const pool = new CaptionPool({ engine, channels, limit: 100, scheduler, logger });
  const captions = new LegCaptions(
    english,
    {},
    {
      pool,
      timeZero,
      scheduler,
      onMeet: () => undefined,
      onPartial: () => undefined,
      onFinal: (userId, { endMs }) => onFinal(userId, endMs),
      onLost: () => undefined,
      onState: () => undefined,
    },
  );
  return {
    packet: (packet) => captions.packet(packet),
    finish: async () => {
      await captions.finish();
      await pool.close();
    },
  };
}

function laidOut(layout: Layout, scheduler: Scheduler, timeZero: number): Listener {
  const ears = new Map(
    people.map((userId) => {
      const onFrame = (frame: Parameters<Layout['frame']>[1]): void => layout.frame(userId, frame);
      return [userId, new Ear({ timeZero, scheduler, onFrame, onEnd: () => layout.end(userId) })];
    }),
  );
  return {
    packet: (packet) => ears.get(packet.userId)?.packet(packet),
    finish: async () => {
      for (const ear of ears.values()) ear.close();
      layout.close();
    },
  };
}

/** On virtual time; what the service would bill by both readings of its price list, and connections held. */
async function billed({ packets, speechSeconds }: Talk, engine: StandInEngine, time: VirtualTime, listener: Listener) {
  let peak = 0;
  const held: number[] = [];
  let lookAt = time.now();
  for (const packet of packets) {
    for (; lookAt <= packet.arrivedAt; lookAt += 1_000) {
      time.runUntil(lookAt);
      const open = engine.accounts.filter(({ closedAt }) => closedAt === undefined).length;
      held.push(open);
      peak = Math.max(peak, open);
    }
    time.runUntil(packet.arrivedAt);
    listener.packet(packet);
  }
  const endAt = time.now();
  let over = false;
  const end = listener.finish().finally(() => {
    over = true;
  });
  while (!over) {
    time.runUntil(time.now() + 50);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await end;
  const sum = (of: (account: StandInEngine['accounts'][number]) => number): number =>
    engine.accounts.reduce((total, account) => total + of(account), 0);
  return {
    perSpeechSecond: sum(({ audioSeconds, channels }) => audioSeconds * channels) / speechSeconds,
    connectionSeconds: sum(
      ({ openedAt, closedAt, channels }) => ((Math.min(closedAt ?? endAt, endAt) - openedAt) / 1000) * channels,
    ),
    meanConnections: held.reduce((total, open) => total + open, 0) / held.length,
    peak,
  };
}

async function cost(minutes: number): Promise<unknown> {
  const startsAt = 1_767_225_600_000;
  // Twelve per cent of the time each: a clip is 2.3 s.
  const conversation = talk(minutes * 60_000, 17_000, startsAt);
  const library = new SoundLibrary(clips);
  const run = (listens: boolean, make: (engine: StandInEngine, time: VirtualTime) => Listener) => {
    const time = new VirtualTime(startsAt);
    const engine = new StandInEngine({ library, scheduler: time, listens });
    return billed(conversation, engine, time, make(engine, time));
  };
  const nothing = (): void => undefined;
  return {
    speechSeconds: conversation.speechSeconds,
    ours: await run(true, (engine, time) => ours(engine, time, startsAt, 1, nothing)),
    oursFourChannels: await run(true, (engine, time) => ours(engine, time, startsAt, 4, nothing)),
    channelPerUser: await run(false, (engine, time) =>
      laidOut(new ChannelPerUser(engine, time, people.length), time, startsAt),
    ),
    connectionPerUser: await run(false, (engine, time) => {
      const layout = new ConnectionPerUser(engine, time, true, nothing);
      for (const userId of people) layout.join(userId);
      return laidOut(layout, time, startsAt);
    }),
  };
}

/** When the last word of a clip ends, ms after its first packet. */
const lastWord = ({ words, packets }: Clip): number => (words?.at(-1)?.end ?? packets.length * 0.02) * 1000;

/** In real time: how long after the last word of a clip its final comes, and CPU time. */
async function measured(conversation: Talk, make: (timeZero: number, onFinal: OnFinal) => Listener) {
  const [first] = conversation.packets;
  if (!first) throw new Error('nobody said anything');
  const shift = realTime.now() + 500 - first.arrivedAt;
  const finals = new Map<string, { endMs: number; at: number }[]>();
  const timeZero = first.arrivedAt + shift;
  const listener = make(timeZero, (userId, endMs) => {
    const own = finals.get(userId) ?? [];
    own.push({ endMs, at: realTime.now() - timeZero });
    finals.set(userId, own);
  });
  const before = process.cpuUsage();
  for (const packet of conversation.packets) {
    const arrivedAt = packet.arrivedAt + shift;
    const wait = arrivedAt - realTime.now();
    if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
    listener.packet({ ...packet, arrivedAt: Math.max(arrivedAt, realTime.now()) });
  }
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const { user, system } = process.cpuUsage(before);
  await listener.finish();
  const delays = conversation.speeches.flatMap(({ userId, clip, startedAt }) => {
    const endMs = startedAt + shift - timeZero + lastWord(clip);
    // The final that holds the end of the clip.
    const own = finals.get(userId)?.find((final) => Math.abs(final.endMs - endMs) < 300);
    return own ? [own.at - endMs] : [];
  });
  return {
    delays,
    cpuPerMinute: (user + system) / 1000 / (conversation.speechSeconds / 60),
    speeches: conversation.speeches.length,
  };
}

async function delay(seconds: number, url: string, apiKey: string): Promise<unknown> {
  const conversation = talk(seconds * 1000, 2_500, 0);
  const engine = new DeepgramEngine({ url, apiKey, model: 'nova-3' });
  // Cold code is not what an hour costs.
  await measured(talk(8_000, 1_000, 0), (timeZero, onFinal) => ours(engine, realTime, timeZero, 1, onFinal));
  return {
    ours: await measured(conversation, (timeZero, onFinal) => ours(engine, realTime, timeZero, 1, onFinal)),
    connectionPerUser: await measured(conversation, (timeZero, onFinal) => {
      const layout = new ConnectionPerUser(engine, realTime, false, (userId) =>
        // Its times are audio time of the connection: the newest clip of the person is meant.
        onFinal(userId, endOfNewest(conversation, userId, timeZero)),
      );
      for (const userId of people) layout.join(userId);
      return laidOut(layout, realTime, timeZero);
    }),
  };
}

/** When the last clip of somebody that is over now ended; ms from time zero. */
function endOfNewest({ speeches, packets }: Talk, userId: string, timeZero: number): number {
  const shift = timeZero - (packets[0]?.arrivedAt ?? 0);
  const ends = speeches
    .filter((speech) => speech.userId === userId)
    .map(({ startedAt, clip }) => startedAt + shift - timeZero + lastWord(clip));
  return ends.findLast((end) => end <= realTime.now() - timeZero) ?? -10_000;
}

const [mode, amount = '', url = '', key = ''] = process.argv.slice(2);
const outcome = mode === 'cost' ? await cost(Number(amount)) : await delay(Number(amount), url, key);
process.stdout.write(`${JSON.stringify(outcome)}\n`);
process.exit(0);

/**
 * CPU time of the bridge for one packet from one leg to another: no Discord, no sockets, no encryption, virtual time. Passed through,
 * and with a bridge that decodes, mixes and encodes always. Prints one line: `{"pass":…,"mix":…}`, µs of CPU time for each packet.
 */
import { Bridge } from '../src/bridge/bridge.ts';
import { TestLeg, toneFrames } from '../src/bridge/test-legs.ts';
import { VirtualTime } from '../src/ops/virtual-time.ts';

/** Three minutes of speech. */
const PACKETS = 9_000;
const WARM_UP_PACKETS = 1_000;

/** µs of CPU time (user and system) for each packet. */
function mediaCpu(): { pass: number; mix: number } {
  // Several tones: an encoder has less to do with a single one than with speech.
  const frames = [180, 440, 910, 1700, 2600].flatMap((frequency) => toneFrames(frequency, 50));
  const costOf = (passThrough: boolean) => {
    run(frames, WARM_UP_PACKETS, passThrough);
    return run(frames, PACKETS, passThrough);
  };
  return { pass: costOf(true), mix: costOf(false) };
}

function run(frames: readonly Uint8Array[], count: number, passThrough: boolean): number {
  const time = new VirtualTime();
  const [from, to] = [new TestLeg('a', time), new TestLeg('b', time)];
  const bridge = new Bridge({ legs: [from, to], routes: [['a', 'b']], scheduler: time, passThrough });
  const packets = Array.from({ length: count }, (_, index) => ({
    userId: '1',
    ssrc: 1,
    sequence: index & 0xffff,
    timestamp: index * 960,
    arrivedAt: time.now() + index * 20,
    opus: frames[index % frames.length] ?? new Uint8Array(),
  }));
  const before = process.cpuUsage();
  for (const packet of packets) {
    time.runUntil(packet.arrivedAt);
    from.receive(packet);
  }
  const { user, system } = process.cpuUsage(before);
  bridge.close();
  const { passed, mixed } = bridge.counters;
  if ((passThrough ? passed : mixed) < count - 5)
    throw new Error(`The bridge handled ${passed} + ${mixed} of ${count}.`);
  return (user + system) / count;
}

process.stdout.write(`${JSON.stringify(mediaCpu())}\n`);

/** A bridge with some legs on virtual time, for tests. */
import { fullMatrix } from '@patchbay/shared/routing';
import type { Route } from '@patchbay/shared/session-spec';
import { VirtualTime } from '../ops/virtual-time.ts';
import { Bridge } from './bridge.ts';
import { TestLeg } from './test-legs.ts';

export function testRoom<Name extends string>(
  names: readonly Name[],
  routes: readonly Route[] = fullMatrix([...names]),
) {
  const time = new VirtualTime();
  const legs = Object.fromEntries(names.map((name) => [name, new TestLeg(name, time)])) as Record<Name, TestLeg>;
  const bridge = new Bridge({ legs: Object.values<TestLeg>(legs), routes, scheduler: time });
  return { time, bridge, legs, start: time.now() };
}

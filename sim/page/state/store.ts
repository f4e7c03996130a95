/** All that the page shows, in one immutable object; components subscribe to the parts that they need. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ControlEvent, ControlMessage } from '../../src/control/contract.ts';
import type { Snapshot } from '../../src/control/page-operations.ts';

export interface LogLine {
  id: number;
  event: ControlEvent;
}

export interface MenuItem {
  label: string;
  run: () => unknown;
  danger?: boolean;
  checked?: boolean;
}
export interface OpenMenu {
  title: string;
  x: number;
  y: number;
  items: MenuItem[];
}

export interface PageState {
  world: Snapshot;
  loaded: boolean;
  /** Does the simulator answer? */
  connected: boolean;
  /** The person that the page acts as. */
  meId: string | undefined;
  /** `direct` is the list of private channels. */
  guildId: string | undefined;
  channelId: string | undefined;
  /** Of the channels that were opened. */
  messages: ReadonlyMap<string, readonly ControlMessage[]>;
  unread: ReadonlySet<string>;
  speaking: ReadonlySet<string>;
  log: readonly LogLine[];
  panes: { navigation: boolean; members: boolean; log: boolean };
  menu: OpenMenu | undefined;
  dialog: VNode | undefined;
  notices: readonly { id: number; text: string }[];
  sound: { listening: boolean; microphone: boolean };
}

const nobody: Snapshot = { lastEventId: 0, users: [], applications: [], guilds: [], directChannels: [], speaking: [] };

let state: PageState = {
  world: nobody,
  loaded: false,
  connected: true,
  meId: sessionStorage.getItem('meId') ?? undefined,
  guildId: sessionStorage.getItem('guildId') ?? undefined,
  channelId: sessionStorage.getItem('channelId') ?? undefined,
  messages: new Map(),
  unread: new Set(),
  speaking: new Set(),
  log: [],
  // On small windows the members lie over the messages.
  panes: { navigation: false, members: innerWidth > 1000, log: false },
  menu: undefined,
  dialog: undefined,
  notices: [],
  sound: { listening: false, microphone: false },
};
const listeners = new Set<() => void>();

export function getState(): PageState {
  return state;
}

export function setState(change: Partial<PageState>): void {
  state = { ...state, ...change };
  // Of the tab, not of the browser: two tabs are two people.
  for (const key of ['meId', 'guildId', 'channelId'] as const) {
    const value = state[key];
    if (value === undefined) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, value);
  }
  for (const listener of [...listeners]) listener();
}

/** Renders again when what `select` gives is another value (by identity: select parts of the state, build nothing). */
export function useStore<Value>(select: (state: PageState) => Value): Value {
  const [, render] = useState({});
  const value = select(state);
  useEffect(() => {
    let last = value;
    const look = () => {
      const next = select(state);
      if (Object.is(last, next)) return;
      last = next;
      render({});
    };
    listeners.add(look);
    look();
    return () => {
      listeners.delete(look);
    };
  });
  return value;
}

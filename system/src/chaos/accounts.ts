/** Where each packet went that somebody spoke while things broke. Pure. */

/** A packet as it was spoken. */
export interface Spoken {
  userId: string;
  /** ms since the epoch. */
  sentAt: number;
  /** Number of the node's voice session to which it went out while its websocket was open; undefined: there was none. */
  session: number | undefined;
  stored: boolean;
}

/** Something that went wrong, up to the next one. */
export interface Disturbance {
  name: string;
  from: number;
  /** It ended the process, or the leg: how long until packets were stored again is measured. */
  cuts: boolean;
  /** The process was gone from this instant on, although its sockets seemed open a moment longer: the system closes them when it gets to it. */
  ends?: boolean;
  /** What is not recorded from now on is refused with this reason. */
  refuses?: string;
}

export interface Account {
  name: string;
  times: number;
  /** Packets. */
  reached: number;
  stored: number;
  /** Neither stored nor accounted for otherwise. */
  lost: number;
  /** When those were sent, ms from the disturbance. */
  lostAt: number[];
  /** Of one person, by one disturbance. */
  worstLostMs: number;
  /** Reached the socket before the node was in the encrypted group: nobody could have decrypted them. */
  undecryptable: number;
  /** Reached the node before people had been told that they are recorded. */
  unannounced: number;
  /** Refused for a reason that was told: the disk is full. */
  refused: number;
  /** Spoken while no socket was there, of the person who lost most, by one disturbance. */
  worstOutageMs: number;
  /** From each disturbance that cuts to the first packet that was stored after it. */
  resumeMs: number[];
}

const PACKET_MS = 20;
/** What a kill takes with it was sent right before it: so much of the time before is its own. ms */
const TAKEN_MS = 100;
const beginOf = ({ from, cuts }: Disturbance): number => (cuts ? from - TAKEN_MS : from);

export interface AccountOptions {
  spoken: readonly Spoken[];
  disturbances: readonly Disturbance[];
  /** When the node was in the group of each of its voice sessions, by number. ms since the epoch */
  readyAt: ReadonlyMap<number, number>;
}

export function accountsOf({ spoken, disturbances, readyAt }: AccountOptions): Account[] {
  const accounts = new Map<string, Account>();
  for (const [index, disturbance] of disturbances.entries()) {
    const { name, from, cuts, ends, refuses } = disturbance;
    const next = disturbances[index + 1];
    const [begin, until] = [beginOf(disturbance), next ? beginOf(next) : Number.POSITIVE_INFINITY];
    const account = accounts.get(name) ?? newAccount(name);
    accounts.set(name, account);
    account.times += 1;
    const before = new Set(spoken.filter(({ sentAt }) => sentAt < from).map(({ session }) => session));
    const own = spoken.filter(({ sentAt }) => sentAt >= begin && sentAt < until);
    for (const [, packets] of Map.groupBy(own, ({ userId }) => userId)) {
      let [lost, outage] = [0, 0];
      const lastStored = Math.max(...packets.filter((packet) => packet.stored).map(({ sentAt }) => sentAt));
      for (const packet of packets) {
        const { session, stored, sentAt } = packet;
        if (session === undefined || (ends && sentAt >= from && before.has(session))) {
          outage += 1;
          continue;
        }
        account.reached += 1;
        if (stored) account.stored += 1;
        else if (sentAt < (readyAt.get(session) ?? Number.POSITIVE_INFINITY)) account.undecryptable += 1;
        else if (sentAt < firstStored(spoken, packet)) account.unannounced += 1;
        else if (refuses !== undefined && sentAt > lastStored) account.refused += 1;
        else {
          lost += 1;
          account.lostAt.push(Math.round(sentAt - from));
        }
      }
      account.lost += lost;
      account.worstLostMs = Math.max(account.worstLostMs, lost * PACKET_MS);
      account.worstOutageMs = Math.max(account.worstOutageMs, outage * PACKET_MS);
    }
    const again = own.find(({ stored, session }) => stored && !before.has(session));
    if (cuts && again) account.resumeMs.push(again.sentAt - from);
  }
  return [...accounts.values()];
}

/** When the first packet of the same voice session was stored. */
function firstStored(spoken: readonly Spoken[], { session, userId }: Spoken): number {
  const first = spoken.find((one) => one.stored && one.session === session && one.userId === userId);
  return first?.sentAt ?? Number.POSITIVE_INFINITY;
}

const newAccount = (name: string): Account => ({
  name,
  times: 0,
  reached: 0,
  stored: 0,
  lost: 0,
  lostAt: [],
  worstLostMs: 0,
  undecryptable: 0,
  unannounced: 0,
  refused: 0,
  worstOutageMs: 0,
  resumeMs: [],
});

/** The table of the docs. */
export function chaosTable(accounts: readonly Account[]): string {
  const lines = [
    '| what happens | times | reached a live socket | stored | lost | worst loss of one person | undecryptable: not in the group yet | before the notice | refused: disk full | spoken while no leg existed, worst | until it records again, p50 / max |',
    '|---|---|---|---|---|---|---|---|---|---|---|',
    ...accounts.map((one) => {
      const sorted = one.resumeMs.toSorted((left, right) => left - right);
      const p50 = sorted[Math.max(0, Math.ceil(sorted.length / 2) - 1)];
      const seconds = (ms: number | undefined): string => (ms === undefined ? '–' : `${(ms / 1000).toFixed(1)} s`);
      const resume = p50 === undefined ? '–' : `${seconds(p50)} / ${seconds(sorted.at(-1))}`;
      const cells = [
        one.name,
        one.times,
        one.reached,
        one.stored,
        one.lost,
        `${one.worstLostMs} ms`,
        one.undecryptable,
        one.unannounced,
        one.refused,
        seconds(one.worstOutageMs),
        resume,
      ];
      return `| ${cells.join(' | ')} |`;
    }),
  ];
  return `${lines.join('\n')}\n`;
}

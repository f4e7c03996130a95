/** Which faults are in force, per guild or per leg. A leg is one user in one guild: a bot's client, or a person. */
import { z } from 'zod';
import { type PacketFaults, packetFaultsSchema } from './packet-faults.ts';

export type Direction = 'fromClient' | 'toClient';

/** Faults of the voice websocket. */
export const socketFaultsSchema = z.object({
  /** Each message, both ways, takes this much longer, in ms. */
  delayMs: z.number().min(0).max(60_000).default(0),
  /** Op 5 about others comes this much later than it should, in ms: their first packets are there before it. */
  lateSpeakingMs: z.number().min(0).max(60_000).default(0),
  /** Op 11 comes this much later, in ms: the group's proposals about a newcomer are there before it. */
  lateClientsConnectMs: z.number().min(0).max(60_000).default(0),
  /** After a resume: does op 9 come before (`first`) or after (`last`) what was missed? Discord's own order is not known. */
  resumed: z.enum(['first', 'last']).default('first'),
  /** So many answers to IP discovery get lost. */
  lostDiscoveryAnswers: z.number().int().min(0).default(0),
});
export type SocketFaults = z.output<typeof socketFaultsSchema>;

export interface FaultScope {
  guildId: string;
  /** Only this leg; else every leg of the guild that has no faults of its own. */
  userId?: string | undefined;
}

const noSocketFaults: SocketFaults = socketFaultsSchema.parse({});
const keyOf = ({ guildId, userId }: FaultScope) => (userId === undefined ? guildId : `${guildId}/${userId}`);

export class FaultTable {
  readonly #packets: Record<Direction, Map<string, PacketFaults>> = { fromClient: new Map(), toClient: new Map() };
  readonly #sockets = new Map<string, SocketFaults>();
  /** Changes with every change of packet faults, so that legs notice. */
  version = 0;

  /** Replaces the packet faults of a scope; undefined ends them. @throws ZodError */
  setPackets(scope: FaultScope, direction: Direction, faults: z.input<typeof packetFaultsSchema> | undefined): void {
    if (faults === undefined) this.#packets[direction].delete(keyOf(scope));
    else this.#packets[direction].set(keyOf(scope), packetFaultsSchema.parse(faults));
    this.version += 1;
  }

  /** Replaces the websocket's faults of a scope; undefined ends them. @throws ZodError */
  setSocket(scope: FaultScope, faults: z.input<typeof socketFaultsSchema> | undefined): void {
    if (faults === undefined) this.#sockets.delete(keyOf(scope));
    else this.#sockets.set(keyOf(scope), socketFaultsSchema.parse(faults));
  }

  /** Ends all faults. */
  clear(): void {
    this.#packets.fromClient.clear();
    this.#packets.toClient.clear();
    this.#sockets.clear();
    this.version += 1;
  }

  packets(guildId: string, userId: string, direction: Direction): PacketFaults | undefined {
    const table = this.#packets[direction];
    if (table.size === 0) return undefined;
    return table.get(keyOf({ guildId, userId })) ?? table.get(guildId);
  }

  socket(guildId: string, userId: string): SocketFaults {
    if (this.#sockets.size === 0) return noSocketFaults;
    return this.#sockets.get(keyOf({ guildId, userId })) ?? this.#sockets.get(guildId) ?? noSocketFaults;
  }

  /** Takes one of the answers to IP discovery that are to be lost. */
  loseDiscoveryAnswer(guildId: string, userId: string): boolean {
    const faults = this.socket(guildId, userId);
    if (faults.lostDiscoveryAnswers === 0) return false;
    faults.lostDiscoveryAnswers -= 1;
    return true;
  }
}

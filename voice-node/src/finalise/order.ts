/** What is to be finalised, and how: a note in the folder of the job, so that the next process takes up what this one did not finish. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { snowflake } from '@patchbay/shared/ids';
import { z } from 'zod';

const orderSchema = z.strictObject({
  v: z.literal(1),
  /** False: nobody asked for it yet; the node begins by itself when nobody does. */
  ordered: z.boolean(),
  /** Parts of the recording are on another node: the master is marked incomplete. */
  incomplete: z.boolean(),
  /** People who are taken out. */
  without: z.array(snowflake),
  /** Whom to tell when the bucket holds nothing that says whose recording it is. */
  guilds: z.array(snowflake),
});
export type Order = z.infer<typeof orderSchema>;

/** What the node does by itself. */
export const ownOrder = (guilds: readonly string[] = []): Order => ({
  v: 1,
  ordered: false,
  incomplete: false,
  without: [],
  guilds: [...guilds],
});

/** Both in one: who was taken out stays out, and what was said last of parts on other nodes counts. */
export function joined(standing: Order | undefined, newer: Order): Order {
  if (!standing) return newer;
  const both = (left: readonly string[], right: readonly string[]): string[] => [...new Set([...left, ...right])];
  return {
    v: 1,
    ordered: standing.ordered || newer.ordered,
    incomplete: newer.ordered ? newer.incomplete : standing.incomplete,
    without: both(standing.without, newer.without),
    guilds: both(standing.guilds, newer.guilds),
  };
}

/** Does work on the one answer the other as well? */
export function answers(working: Order, order: Order): boolean {
  return working.incomplete === order.incomplete && order.without.every((userId) => working.without.includes(userId));
}

const pathOf = (folder: string): string => join(folder, 'order.json');

/** The note in a folder; one without a note is the node's own. */
export async function readOrder(folder: string): Promise<Order> {
  try {
    return orderSchema.parse(JSON.parse(await readFile(pathOf(folder), 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ownOrder();
    throw error;
  }
}

/** When it resolves, the order survives the process. */
export async function writeOrder(folder: string, order: Order): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(`${pathOf(folder)}.tmp`, JSON.stringify(order), { flush: true });
  await rename(`${pathOf(folder)}.tmp`, pathOf(folder));
}

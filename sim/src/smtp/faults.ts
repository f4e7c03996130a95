/** What goes wrong on purpose, by counts and by name. */
import { z } from 'zod';

const count = z.number().int().nonnegative();

export const faultsSchema = z.object({
  /** So many next mails are refused for now, with 451, when they are announced. */
  refuseMails: count,
  /** Recipients that are refused for good, with 550. */
  unknownRecipients: z.array(z.string()),
  /** ms before a mail that was sent is acknowledged. */
  delayMs: z.number().nonnegative(),
  /** So many next connections are broken when the mail's text begins. */
  dropAtData: count,
});
export type FaultSettings = z.output<typeof faultsSchema>;

export const noFaults: FaultSettings = { refuseMails: 0, unknownRecipients: [], delayMs: 0, dropAtData: 0 };

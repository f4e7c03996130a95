/** The control protocol of the Deepgram stand-in: `POST /control/<operation>` on its own address. */
import { z } from 'zod';
import { accountingSchema } from './accounting.ts';
import { faultsSchema } from './faults.ts';

const nothing = z.object({});
const touched = z.object({ connections: z.number() });

export const deepgramOperations = {
  /** Changes the faults that are named, and says how all stand. */
  setFaults: { input: faultsSchema.partial().strict(), output: faultsSchema },
  /** Back to the settings of the start. */
  clearFaults: { input: nothing, output: faultsSchema },
  /** The faults as they stand, counts as far as they are used up. */
  faults: { input: nothing, output: faultsSchema },
  /** Closes every open connection with 1011. */
  closeAll: { input: nothing, output: touched },
  /** Breaks every open connection without a goodbye. */
  resetAll: { input: nothing, output: touched },
  accounting: { input: nothing, output: accountingSchema },
} as const;

/** The part of the control protocol that is about REST and what only REST knows. Spread into `operations`. */
import { Locale } from 'discord-api-types/v10';
import { z } from 'zod';
import { faultSchema } from '../rest/faults.ts';

const id = z.string().regex(/^\d+$/, 'is no id; ids are strings of digits');
const nothing = z.object({});

const locales: ReadonlySet<string> = new Set(Object.values(Locale));
const locale = z.string().refine((name) => locales.has(name), 'is no locale of Discord');

export const restOperations = {
  setRestFault: { input: faultSchema, output: nothing },
  clearRestFaults: { input: nothing, output: nothing },
  /** Whether a person takes private messages from bots; if not, bots are told 50007. */
  setDirectMessages: { input: z.object({ userId: id, accepted: z.boolean() }), output: nothing },
  /** The language of a person's client, as interactions tell it. */
  setLocale: { input: z.object({ userId: id, locale }), output: nothing },
  setRedirectUris: { input: z.object({ applicationId: id, redirectUris: z.array(z.url()) }), output: nothing },
} as const;

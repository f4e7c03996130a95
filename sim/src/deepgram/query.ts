/** The query of `/v1/listen`, checked. https://developers.deepgram.com/reference/speech-to-text/listen-streaming */
import { z } from 'zod';
import { refusals } from './errors.ts';

const flag = z.enum(['true', 'false'], 'must be true or false').transform((value) => value === 'true');
const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(least, `must be at least ${least}`).max(most, `must be at most ${most}`));

/** All that the service names as encodings … */
const ENCODINGS = [
  'linear16',
  'linear32',
  'flac',
  'alaw',
  'mulaw',
  'amr-nb',
  'amr-wb',
  'opus',
  'ogg-opus',
  'speex',
  'g729',
];
/** … and what is decoded here. */
const DECODED = ['linear16', 'opus'] as const;
export type Encoding = (typeof DECODED)[number];

const encoding = z
  .string()
  .refine((value) => ENCODINGS.includes(value), `must be one of ${ENCODINGS.join(', ')}`)
  .pipe(z.enum(DECODED, `is known to the service, but not decoded here; use ${DECODED.join(' or ')}`));

const endpointing = z.union(
  [z.literal('false').transform((): number | false => false), z.literal('true').transform(() => 10), whole(0, 60_000)],
  'must be false, or a whole number of ms',
);

const fields = z
  .object({
    model: z
      .string()
      .regex(/^(nova-3|nova-2|nova|enhanced|base)(-[a-z]+)*$/, 'no such model; use nova-3, for instance')
      .default('base'),
    version: z.string().default('latest'),
    language: z
      .string()
      .regex(/^(multi|[a-z]{2}(-[A-Za-z0-9]{2,8})*)$/, 'must be a language tag such as en or en-GB, or multi')
      .default('en'),
    encoding: encoding.optional(),
    sample_rate: whole(8_000, 48_000).optional(),
    channels: whole(1, 20).default(1),
    multichannel: flag.default(false),
    interim_results: flag.default(false),
    endpointing: endpointing.default(10),
    utterance_end_ms: whole(1_000, 60_000).optional(),
    vad_events: flag.default(false),
    punctuate: flag.default(false),
    smart_format: flag.default(false),
    utterances: flag.default(false),
    utt_split: z.coerce.number('must be a number of seconds').positive().default(0.8),
    keyterm: z.array(z.string().min(1, 'must not be empty')).max(100).default([]),
    diarize: flag.default(false),
    dictation: flag.default(false),
    numerals: flag.default(false),
    profanity_filter: flag.default(false),
    mip_opt_out: flag.default(false),
    callback: z.never('is not served here: answers go to the one who asks').optional(),
  })
  .refine(({ encoding, sample_rate }) => !encoding || sample_rate !== undefined, {
    path: ['sample_rate'],
    message: 'is mandatory with encoding',
  })
  .refine(({ encoding, channels }) => encoding !== 'opus' || channels === 1, {
    path: ['channels'],
    message: 'must be 1 with opus: a packet holds one stream',
  })
  .refine(({ model, keyterm }) => keyterm.length === 0 || model.startsWith('nova-3'), {
    path: ['keyterm'],
    message: 'is for nova-3 only; use keywords with other models',
  })
  .refine(({ utterance_end_ms, interim_results }) => utterance_end_ms === undefined || interim_results, {
    path: ['utterance_end_ms'],
    message: 'needs interim_results=true',
  });
export type ListenQuery = z.output<typeof fields>;

/**
 * Unknown parameters are left alone, as the service does.
 *
 * @throws {DeepgramError} 400 that names the parameter and says what it must be.
 */
export function parseQuery(query: URLSearchParams): ListenQuery {
  const named = Object.fromEntries(
    [...new Set(query.keys())].map((name) => [name, name === 'keyterm' ? query.getAll(name) : query.get(name)]),
  );
  const parsed = fields.safeParse(named);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw refusals.query(String(issue?.path[0] ?? 'query'), issue?.message ?? 'is wrong');
}

/** A stream has no file header to tell these. */
export function requireEncoding(query: ListenQuery): { encoding: Encoding; sampleRate: number } {
  const { encoding, sample_rate: sampleRate } = query;
  if (encoding === undefined || sampleRate === undefined) {
    throw refusals.query('encoding', 'containers are not read from a stream here; say encoding and sample_rate');
  }
  return { encoding, sampleRate };
}

/** Deepgram's answers, as far as captions need them. Pure. https://developers.deepgram.com/docs/live-streaming-audio */
import { z } from 'zod';
import type { EngineResult, EngineWord } from '../engine.ts';

const wordSchema = z.object({
  word: z.string(),
  punctuated_word: z.string().optional(),
  start: z.number(),
  end: z.number(),
});
const alternativeSchema = z.object({ transcript: z.string(), words: z.array(wordSchema) });

const resultsSchema = z.object({
  type: z.literal('Results'),
  channel_index: z.array(z.number().int()).min(1),
  start: z.number(),
  duration: z.number(),
  is_final: z.boolean().optional(),
  from_finalize: z.boolean().optional(),
  channel: z.object({ alternatives: z.array(alternativeSchema) }),
});

const fileSchema = z.object({
  results: z.object({ channels: z.array(z.object({ alternatives: z.array(alternativeSchema) })) }),
});

const wordOf = ({ word, punctuated_word, start, end }: z.output<typeof wordSchema>): EngineWord => ({
  text: punctuated_word ?? word,
  start,
  end,
});

/** A result out of a message of a stream; `undefined`: it is something else, such as `Metadata`. */
export function resultOf(message: string): EngineResult | undefined {
  const parsed = resultsSchema.safeParse(parseJson(message));
  if (!parsed.success) return undefined;
  const { channel_index, start, duration, is_final, from_finalize, channel } = parsed.data;
  const [best] = channel.alternatives;
  return {
    channel: channel_index[0] ?? 0,
    start,
    duration,
    text: best?.transcript ?? '',
    words: best?.words.map(wordOf) ?? [],
    isFinal: is_final === true,
    fromFinalize: from_finalize === true,
  };
}

/** The words of a file of one channel; `undefined`: this is no answer to one. */
export function fileWordsOf(answer: unknown): EngineWord[] | undefined {
  const parsed = fileSchema.safeParse(answer);
  return parsed.success ? (parsed.data.results.channels[0]?.alternatives[0]?.words.map(wordOf) ?? []) : undefined;
}

/** What is no JSON reads as `undefined`, which is no message. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A refusal in words for people: what happened, and what to do. The key is never in it. */
export function refusalOf(status: number, body: string): { limit: boolean; code: string; message: string } {
  if (status === 429) {
    const message =
      'Deepgram has too many connections of this project. Lower DEEPGRAM_CONNECTIONS, or raise the limit there.';
    return { limit: true, code: 'captions_limit', message };
  }
  if (status === 401 || status === 403) {
    const message = `Deepgram refused the key (${status}). Check DEEPGRAM_API_KEY of the voice node.`;
    return { limit: false, code: 'captions_refused', message };
  }
  if (status === 402) {
    return { limit: false, code: 'captions_refused', message: 'The Deepgram account has no credit left (402).' };
  }
  const said = body.slice(0, 200).replaceAll(/\s+/g, ' ');
  const hint = status === 400 ? ' Check CAPTION_MODEL, the language and the keyterms.' : '';
  return { limit: false, code: 'captions_refused', message: `Deepgram answered ${status}: ${said}.${hint}` };
}

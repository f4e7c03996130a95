/** Where Deepgram is asked, and with what. Pure. https://developers.deepgram.com/reference/speech-to-text/listen-streaming */
import { type ConnectionOptions, ENGINE_RATE } from '../engine.ts';

export interface DeepgramSettings {
  apiKey: string;
  /** Origin, `wss:` or `https:` (`ws:` and `http:` on the same machine), without a slash at the end. */
  url: string;
  /** Such as `nova-3`. */
  model: string;
}

/** Pauses inside a spurt (an open microphone) make a result final after so much silence. ms */
const ENDPOINTING_MS = 300;
/** Nova-3 takes up to 500 tokens of keyterms; the contract allows 100 terms. Older models have another word for them. */
const KEYTERM_MODEL = /^nova-3/;

function common(
  model: string,
  { language, keyterms }: Pick<ConnectionOptions, 'language' | 'keyterms'>,
): URLSearchParams {
  const query = new URLSearchParams({ model, language, punctuate: 'true', smart_format: 'true' });
  if (KEYTERM_MODEL.test(model)) for (const keyterm of new Set(keyterms)) query.append('keyterm', keyterm);
  return query;
}

/** The address of a stream. */
export function streamAddress({ url, model }: DeepgramSettings, options: ConnectionOptions): string {
  const query = common(model, options);
  query.set('encoding', 'linear16');
  query.set('sample_rate', String(ENGINE_RATE));
  query.set('channels', String(options.channels));
  if (options.channels > 1) query.set('multichannel', 'true');
  query.set('interim_results', 'true');
  query.set('endpointing', String(ENDPOINTING_MS));
  return `${url.replace(/^http/, 'ws')}/v1/listen?${query}`;
}

/** The address for a file. */
export function fileAddress(
  { url, model }: DeepgramSettings,
  options: Pick<ConnectionOptions, 'language' | 'keyterms'>,
): string {
  return `${url.replace(/^ws/, 'http')}/v1/listen?${common(model, options)}`;
}

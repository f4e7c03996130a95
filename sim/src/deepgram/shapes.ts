/** Deepgram's messages, made from what was heard. https://developers.deepgram.com/docs/live-streaming-audio */
import type { HeardWord } from '../hearing/recogniser.ts';
import type { TranscriptResult } from './channel-transcript.ts';
import type { ListenQuery } from './query.ts';

/** One model stands for all; its id is always the same. */
const MODEL_ID = '1dbdfb4d-85b2-4659-9831-16b3c76229aa';

const rounded = (seconds: number): number => Math.round(seconds * 1e5) / 1e5;

export interface ModelInfo {
  name: string;
  version: string;
  arch: string;
}

const modelInfoOf = ({ model }: ListenQuery): ModelInfo => ({
  name: model.includes('-') && !model.endsWith('3') && !model.endsWith('2') ? model : `general-${model}`,
  version: '2026-01-01.0',
  arch: model,
});

export interface WordShape {
  word: string;
  start: number;
  end: number;
  confidence: number;
  punctuated_word?: string;
}

export interface Alternative {
  transcript: string;
  confidence: number;
  words: WordShape[];
}

/** Words and their text, with punctuation and capitals only where the query asks for them. */
export function alternativeOf(words: readonly HeardWord[], query: ListenQuery): Alternative {
  const punctuated = query.punctuate || query.smart_format;
  const shapes = words.map(({ word, start, end, confidence }): WordShape => {
    const bare = word.toLowerCase().replace(/[^\p{L}\p{N}'-]/gu, '');
    const times = { start: rounded(start), end: rounded(end), confidence: rounded(confidence) };
    return { word: bare, ...times, ...(punctuated ? { punctuated_word: word } : {}) };
  });
  const sum = words.reduce((total, { confidence }) => total + confidence, 0);
  return {
    transcript: shapes.map(({ word, punctuated_word }) => punctuated_word ?? word).join(' '),
    confidence: words.length === 0 ? 0 : rounded(sum / words.length),
    words: shapes,
  };
}

/** A `Results` message of a live connection. `from_finalize` is always there, as the service has it. */
export function resultsMessage(
  result: TranscriptResult,
  place: { channel: number; channels: number; requestId: string },
  query: ListenQuery,
): object {
  return {
    type: 'Results',
    channel_index: [place.channel, place.channels],
    duration: rounded(result.duration),
    start: rounded(result.start),
    is_final: result.isFinal,
    speech_final: result.speechFinal,
    channel: { alternatives: [alternativeOf(result.words, query)] },
    metadata: { request_id: place.requestId, model_info: modelInfoOf(query), model_uuid: MODEL_ID },
    from_finalize: result.fromFinalize,
  };
}

/** What both a closing stream and a prerecorded answer say about the whole. */
export function metadataOf(
  about: { requestId: string; sha256: string; createdAt: number; duration: number; channels: number },
  query: ListenQuery,
): object {
  return {
    transaction_key: 'deprecated',
    request_id: about.requestId,
    sha256: about.sha256,
    created: new Date(about.createdAt).toISOString(),
    duration: rounded(about.duration),
    channels: about.channels,
    models: [MODEL_ID],
    model_info: { [MODEL_ID]: modelInfoOf(query) },
  };
}

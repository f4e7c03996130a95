/** Deepgram's prerecorded API behind the seam of the second pass. https://developers.deepgram.com/reference/speech-to-text/listen-pre-recorded */
import { PatchbayError } from '@patchbay/shared/errors';
import type { EngineWord } from '../engine.ts';
import type { FileEngine } from '../file-engine.ts';
import { type DeepgramSettings, fileAddress } from './address.ts';
import { fileWordsOf, refusalOf } from './messages.ts';

/** The service answers within ten minutes or not at all. ms */
const ANSWER_MS = 600_000;

export class DeepgramFiles implements FileEngine {
  readonly #settings: DeepgramSettings;

  constructor(settings: DeepgramSettings) {
    this.#settings = settings;
  }

  async transcribe(file: Buffer, tuning: { language: string; keyterms: readonly string[] }): Promise<EngineWord[]> {
    const failed = (message: string, cause?: unknown): PatchbayError =>
      new PatchbayError('transcription_failed', message, { cause });
    let response: Response;
    try {
      response = await fetch(fileAddress(this.#settings, tuning), {
        method: 'POST',
        headers: { authorization: `Token ${this.#settings.apiKey}`, 'content-type': 'audio/ogg' },
        body: new Uint8Array(file),
        signal: AbortSignal.timeout(ANSWER_MS),
      });
    } catch (cause) {
      throw failed('Deepgram cannot be reached; it is tried again.', cause);
    }
    const body = await response.text().catch((cause) => {
      throw failed('Deepgram broke off in the middle of its answer; it is tried again.', cause);
    });
    if (!response.ok) {
      const { message } = refusalOf(response.status, body);
      // What is wrong with the file or the query stays wrong; keys, credit and limits are mended by people or time.
      if (response.status === 400 || response.status === 413) throw new PatchbayError('transcription_refused', message);
      throw failed(message);
    }
    let answer: unknown;
    try {
      answer = JSON.parse(body);
    } catch (cause) {
      throw failed('Deepgram answered with something that is no JSON; it is tried again.', cause);
    }
    const words = fileWordsOf(answer);
    if (!words) throw failed('Deepgram answered with something that is no transcript; it is tried again.');
    return words;
  }
}

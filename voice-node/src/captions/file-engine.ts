/** What stands behind the second pass: a service that is given a whole file and says what is spoken in it. */
import type { EngineWord } from './engine.ts';

export interface FileEngine {
  /**
   * The words of an Ogg Opus file of one voice; times in seconds of the file.
   *
   * @throws {PatchbayError} `transcription_failed`: it may work later; `transcription_refused`: it will not
   */
  transcribe(file: Buffer, tuning: { language: string; keyterms: readonly string[] }): Promise<EngineWord[]>;
}

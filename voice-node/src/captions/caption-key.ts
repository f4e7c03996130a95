/**
 * What a connection to the service is tuned to: one language and one set of keyterms. People share a connection only if both are
 * the same for them. Servers without keyterms share with each other, servers with the same keyterms too; a server's own names never
 * colour what another one said.
 */
export interface CaptionTuning {
  /** BCP 47, or `multi`. */
  language: string;
  keyterms: readonly string[];
}

/** Names a tuning; the order and doubles of keyterms do not matter. */
export function keyOf({ language, keyterms }: CaptionTuning): string {
  return JSON.stringify([language.toLowerCase(), ...new Set([...keyterms].sort())]);
}

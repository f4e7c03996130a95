/** The query of the gateway's address (https://discord.com/developers/docs/events/gateway#connecting). */

export interface Handshake {
  /** Whether the whole stream is deflated (`compress=zlib-stream`). */
  zlibStream: boolean;
  /** Why the connection is refused (close code 4012); the sentence is the close reason. */
  refusal: string | undefined;
}

/** `target`: path and query of the upgrade request. */
export function parseHandshake(target: string): Handshake {
  const { searchParams } = new URL(target, 'ws://gateway');
  const version = searchParams.get('v');
  const encoding = searchParams.get('encoding') ?? 'json';
  const compress = searchParams.get('compress');
  let refusal: string | undefined;
  if (version !== '10') refusal = `Invalid API version ${version ?? '(none)'}: ask for v=10.`;
  else if (encoding !== 'json') refusal = `Encoding ${encoding} is not offered here: ask for encoding=json.`;
  else if (compress !== null && compress !== 'zlib-stream')
    refusal = `Compression ${compress} is not offered here: ask for zlib-stream or none.`;
  return { zlibStream: compress === 'zlib-stream', refusal: refusal?.slice(0, 120) };
}

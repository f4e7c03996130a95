import type { Snowflakes } from './snowflake.ts';

/** As Discord's attachment object: it goes into messages as it is. */
export interface Attachment {
  id: string;
  filename: string;
  description?: string;
  size: number;
  url: string;
  proxy_url: string;
  content_type?: string;
  width?: number;
  height?: number;
}

/** A new file of a message, or one of its old ones that is to stay (`bytes` is absent then). */
export interface AttachmentInput {
  id: string;
  filename?: string | undefined;
  description?: string | null | undefined;
  contentType?: string | undefined;
  bytes?: Uint8Array | undefined;
}

/** The files of all messages, as the CDN keeps them: they outlive their message. */
export class Attachments {
  /** Before every URL; set when the server listens. */
  origin = '';
  readonly #snowflakes: Snowflakes;
  readonly #files = new Map<string, { bytes: Uint8Array; contentType: string }>();
  constructor(snowflakes: Snowflakes) {
    this.#snowflakes = snowflakes;
  }

  /** Stores the new ones and finds the kept ones among `existing`; others are left out. */
  settle(channelId: string, inputs: readonly AttachmentInput[], existing: readonly Attachment[]): Attachment[] {
    return inputs.flatMap((input) => {
      if (input.bytes) return this.#store(channelId, input, input.bytes);
      const kept = existing.find(({ id }) => id === input.id);
      if (!kept) return [];
      return input.description === undefined ? kept : { ...kept, description: input.description ?? '' };
    });
  }

  /** By the path of its URL, `/attachments/<channel>/<id>/<name>`. */
  file(path: string): { bytes: Uint8Array; contentType: string } | undefined {
    return this.#files.get(path);
  }

  #store(channelId: string, { filename, description, contentType }: AttachmentInput, bytes: Uint8Array): Attachment {
    const id = this.#snowflakes.next();
    const safe = (filename ?? 'file').replaceAll(/[^\w.-]/g, '_') || 'file';
    const path = `/attachments/${channelId}/${id}/${safe}`;
    const url = `${this.origin}${path}`;
    this.#files.set(path, { bytes, contentType: contentType || 'application/octet-stream' });
    return {
      id,
      filename: safe,
      ...(description ? { description } : {}),
      size: bytes.length,
      url,
      proxy_url: url,
      ...(contentType ? { content_type: contentType } : {}),
      ...pngSize(bytes),
    };
  }
}

/** Width and height stand at fixed places in a PNG's first chunk (PNG specification, IHDR). */
function pngSize(bytes: Uint8Array): { width?: number; height?: number } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < 24 || buffer.readUInt32BE(0) !== 0x89504e47) return {};
  return { width: buffer.readUInt32BE(16), height: buffer.readUInt32BE(20) };
}

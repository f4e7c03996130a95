/** Forms with files (https://discord.com/developers/docs/reference#uploading-files). */
import { RESTJSONErrorCodes } from 'discord-api-types/v10';
import { ApiError } from './errors.ts';

export interface UploadedFile {
  /** The `n` of `files[n]`, by which `attachments` speaks of it. */
  id: string;
  filename: string;
  contentType: string;
  bytes: Uint8Array;
}

/** What a bot may send in one file, in bytes: 10 MiB in guilds without boosts. */
export const maxFileBytes = 10 * 1024 * 1024;

/** The files of a form. Throws 413 / 40005 for one that is too large. */
export async function filesOf(form: FormData): Promise<UploadedFile[]> {
  const files: UploadedFile[] = [];
  for (const [key, part] of form.entries()) {
    if (!(part instanceof File)) continue;
    if (part.size > maxFileBytes)
      throw new ApiError(413, RESTJSONErrorCodes.RequestEntityTooLarge, 'Request entity too large');
    const id = /^files\[(\d+)\]$/.exec(key)?.[1] ?? key;
    files.push({ id, filename: part.name, contentType: part.type, bytes: new Uint8Array(await part.arrayBuffer()) });
  }
  return files;
}

/** A body with its files; an interaction's callback has its message one level down, in `data`. */
export function withFiles(payload: unknown, files: UploadedFile[]): unknown {
  if (typeof payload !== 'object' || payload === null) return payload;
  return 'data' in payload && 'type' in payload
    ? { ...payload, data: withFiles(payload.data ?? {}, files) }
    : { ...payload, files };
}

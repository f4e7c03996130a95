/**
 * `attachment://name` in embeds and components, made an address
 * (https://discord.com/developers/docs/reference#uploading-files).
 */
import type { Attachment } from './attachments.ts';

export const attachmentScheme = 'attachment://';

/** A copy with each `{ url: 'attachment://…' }` (or `icon_url`) that names one of the files pointing at it. */
export function resolveFiles<Value>(value: Value, attachments: readonly Attachment[]): Value {
  if (Array.isArray(value)) return value.map((entry) => resolveFiles(entry, attachments)) as Value;
  if (typeof value !== 'object' || value === null) return value;
  const resolved: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(value)) resolved[key] = resolveFiles(entry, attachments);
  for (const key of ['url', 'icon_url']) {
    const url = resolved[key];
    if (typeof url !== 'string' || !url.startsWith(attachmentScheme)) continue;
    const file = attachments.find(({ filename }) => filename === url.slice(attachmentScheme.length));
    if (!file) continue;
    resolved[key] = file.url;
    if (key === 'icon_url') resolved.proxy_icon_url = file.proxy_url;
    else Object.assign(resolved, mediaOf(file));
  }
  return resolved as Value;
}

function mediaOf({ id, proxy_url, content_type, width, height }: Attachment) {
  return { proxy_url, content_type, width: width ?? null, height: height ?? null, attachment_id: id };
}

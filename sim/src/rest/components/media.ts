import { z } from 'zod';
import { formIssue } from '../form-errors.ts';

/** An address: http(s), and (where `files`) `attachment://name` of a file in the same request. */
export function urlOf(schemes: 'web' | 'web or file' | 'file') {
  const allowed = { web: ['http', 'https'], 'web or file': ['http', 'https', 'attachment'], file: ['attachment'] }[
    schemes
  ];
  return z
    .string()
    .max(2048)
    .superRefine((value, context) => {
      const scheme = /^([a-z][a-z0-9+.-]*):\/\/./i.exec(value)?.[1]?.toLowerCase();
      if (scheme === undefined || !URL.canParse(value)) {
        context.addIssue(formIssue('URL_TYPE_INVALID_URL', 'Not a well formed URL.'));
      } else if (!allowed.includes(scheme)) {
        const list = allowed.map((name) => `'${name}'`).join(', ');
        const message = `Scheme "${scheme}" is not supported. Scheme must be one of (${list}).`;
        context.addIssue(formIssue('URL_TYPE_INVALID_SCHEME', message));
      }
    });
}

/** https://discord.com/developers/docs/components/reference#unfurled-media-item */
export const media = z.object({ url: urlOf('web or file') });
export const fileMedia = z.object({ url: urlOf('file') });

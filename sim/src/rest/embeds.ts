/** https://discord.com/developers/docs/resources/message#embed-object-embed-limits */
import { z } from 'zod';
import { urlOf } from './components/media.ts';
import { formIssue } from './form-errors.ts';

/** Characters of all embeds of a message together. */
const maxTotal = 6000;

const web = urlOf('web').nullish();
const image = z.object({ url: urlOf('web or file') }).nullish();
const icon = urlOf('web or file').nullish();

const embed = z.object({
  title: z.string().max(256).nullish(),
  type: z.string().optional(),
  description: z.string().max(4096).nullish(),
  url: web,
  timestamp: z.iso.datetime({ offset: true, error: 'Value is not a valid ISO8601 timestamp.' }).nullish(),
  color: z.number().int().min(0).max(0xffffff).nullish(),
  footer: z.object({ text: z.string().max(2048), icon_url: icon }).nullish(),
  image,
  thumbnail: image,
  author: z.object({ name: z.string().max(256), url: web, icon_url: icon }).nullish(),
  fields: z
    .array(
      z.object({
        name: z.string().min(1).max(256),
        value: z.string().min(1).max(1024),
        inline: z.boolean().default(false),
      }),
    )
    .max(25)
    .nullish(),
});
type Embed = z.infer<typeof embed>;

function lengthOf({ title, description, footer, author, fields }: Embed): number {
  const texts = [title, description, footer?.text, author?.name, ...(fields ?? []).flatMap((f) => [f.name, f.value])];
  return texts.reduce((sum, text) => sum + (text?.length ?? 0), 0);
}

export const embedsSchema = z
  .array(embed)
  .max(10)
  .superRefine((embeds, context) => {
    let total = 0;
    for (const [index, entry] of embeds.entries()) {
      total += lengthOf(entry);
      if (total > maxTotal) {
        const message = `Embed size exceeds maximum size of ${maxTotal}`;
        context.addIssue(formIssue('MAX_EMBED_SIZE_EXCEEDED', message, [index]));
        return;
      }
    }
  });

/** As Discord gives them back: with a type, without what is null. */
export function embedShape(entry: Embed): Record<string, unknown> {
  const given = Object.entries(entry).filter(([, value]) => value !== null && value !== undefined);
  return { ...Object.fromEntries(given), type: 'rich' };
}

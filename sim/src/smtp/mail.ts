/** A mail as it arrived, taken apart. */
import { type AddressObject, simpleParser } from 'mailparser';
import type { SMTPServerSession } from 'smtp-server';
import { z } from 'zod';

export const mailSchema = z.object({
  /** Who was named to the server, which may differ from what the mail says. */
  envelope: z.object({ from: z.string(), to: z.array(z.string()) }),
  from: z.array(z.string()),
  to: z.array(z.string()),
  subject: z.string(),
  text: z.string(),
  /** Empty when there is no such part. */
  html: z.string(),
  attachments: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      /** Bytes in all. */
      size: z.number(),
      /** base64 */
      data: z.string(),
    }),
  ),
});
export type Mail = z.output<typeof mailSchema>;

const addressesOf = (field: AddressObject | AddressObject[] | undefined): string[] =>
  [field ?? []]
    .flat()
    .flatMap(({ value }) => value)
    .map(({ address }) => address ?? '');

/** @throws {Error} when the bytes are no mail. */
export async function readMail(raw: Buffer, { envelope }: Pick<SMTPServerSession, 'envelope'>): Promise<Mail> {
  const { from, to, subject = '', text = '', html, attachments } = await simpleParser(raw);
  return {
    envelope: {
      from: envelope.mailFrom === false ? '' : envelope.mailFrom.address,
      to: envelope.rcptTo.map(({ address }) => address),
    },
    from: addressesOf(from),
    to: addressesOf(to),
    subject,
    text,
    html: html === false ? '' : html,
    attachments: attachments.map(({ filename = '', contentType, size, content }) => ({
      name: filename,
      type: contentType,
      size,
      data: content.toString('base64'),
    })),
  };
}

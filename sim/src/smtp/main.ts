/** The SMTP stand-in as a process of its own. Prints one line of JSON when it is ready. */
import { z } from 'zod';
import { listenForControl } from '../stand-in/control-server.ts';
import { smtpControlApp } from './control.ts';
import { SmtpServer } from './server.ts';

const port = z.coerce.number().int().min(0).max(65_535).default(0);
const settings = z
  .object({
    SMTP_PORT: port,
    SMTP_CONTROL_PORT: port,
    /** Without them anybody may send. */
    SMTP_USER: z.string().min(1).optional(),
    SMTP_PASSWORD: z.string().min(1).optional(),
  })
  .refine(({ SMTP_USER, SMTP_PASSWORD }) => (SMTP_USER === undefined) === (SMTP_PASSWORD === undefined), {
    path: ['SMTP_PASSWORD'],
    message: 'give SMTP_USER and SMTP_PASSWORD together, or neither',
  })
  .safeParse(process.env);
if (!settings.success) {
  process.stderr.write(`wrong settings:\n${z.prettifyError(settings.error)}\n`);
  process.exit(2);
}

const { SMTP_PORT, SMTP_CONTROL_PORT, SMTP_USER: user, SMTP_PASSWORD: password } = settings.data;
const server = new SmtpServer(user !== undefined && password !== undefined ? { credentials: { user, password } } : {});
const url = await server.listen(SMTP_PORT);
const control = await listenForControl(smtpControlApp(server), SMTP_CONTROL_PORT);
process.stdout.write(`${JSON.stringify({ ready: true, url, controlUrl: control.url })}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    Promise.all([server.close(), control.close()]).then(() => process.exit(0));
  });
}

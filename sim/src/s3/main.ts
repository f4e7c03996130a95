/** The S3 stand-in as a process of its own. Prints one line of JSON when it is ready. */
import { z } from 'zod';
import { listenForControl } from '../stand-in/control-server.ts';
import { s3ControlApp } from './control.ts';
import { S3Server } from './server.ts';

const port = z.coerce.number().int().min(0).max(65_535).default(0);
const settings = z
  .object({
    S3_PORT: port,
    S3_CONTROL_PORT: port,
    S3_ACCESS_KEY_ID: z.string().min(1),
    S3_SECRET_ACCESS_KEY: z.string().min(1),
    S3_BUCKET: z.string().min(1),
    S3_DIRECTORY: z.string().min(1).optional(),
  })
  .safeParse(process.env);
if (!settings.success) {
  for (const { path, message } of settings.error.issues) process.stderr.write(`${path.join('.')}: ${message}\n`);
  process.exit(1);
}

const { S3_PORT, S3_CONTROL_PORT, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, S3_BUCKET, S3_DIRECTORY } = settings.data;
const server = new S3Server({
  credentials: { accessKeyId: S3_ACCESS_KEY_ID, secretAccessKey: S3_SECRET_ACCESS_KEY },
  buckets: [S3_BUCKET],
  ...(S3_DIRECTORY === undefined ? {} : { directory: S3_DIRECTORY }),
});
const endpoint = await server.listen(S3_PORT);
const control = await listenForControl(s3ControlApp(server, S3_BUCKET), S3_CONTROL_PORT);
process.stdout.write(`${JSON.stringify({ ready: true, endpoint, controlUrl: control.url })}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    Promise.all([server.close(), control.close()]).then(() => process.exit(0));
  });
}

/** The simulator as a process. When everything listens, one JSON line on stdout says where. */
import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { startSimulator } from './simulator.ts';

const port = z.coerce.number().int().min(0).max(65_535).default(0);
const settings = z
  .object({
    SIM_HOST: z.string().min(1).default('127.0.0.1'),
    /** REST and gateway. */
    SIM_PORT: port,
    SIM_CONTROL_PORT: port,
    /** The voice gateway's certificate is written here, for `NODE_EXTRA_CA_CERTS` of its clients. */
    SIM_CERTIFICATE_FILE: z.string().min(1).optional(),
  })
  .safeParse(process.env);
if (!settings.success) {
  process.stderr.write(`wrong settings:\n${z.prettifyError(settings.error)}\n`);
  process.exit(2);
}
const { SIM_HOST, SIM_PORT, SIM_CONTROL_PORT, SIM_CERTIFICATE_FILE } = settings.data;

let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await simulator.close();
}
const simulator = await startSimulator({
  host: SIM_HOST,
  port: SIM_PORT,
  controlPort: SIM_CONTROL_PORT,
  onShutdown: () => void setImmediate(stop),
});
if (SIM_CERTIFICATE_FILE) await writeFile(SIM_CERTIFICATE_FILE, simulator.certificatePem);
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
const { apiUrl, controlUrl, pageUrl } = simulator;
process.stdout.write(
  `${JSON.stringify({ ready: true, apiUrl, controlUrl, pageUrl, certificateFile: SIM_CERTIFICATE_FILE ?? null })}\n`,
);

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
    /** The websocket of the voice gateway. */
    SIM_VOICE_PORT: port,
    /** The highest version of DAVE that voice rooms have. */
    SIM_DAVE_VERSION: z.enum(['0', '1']).default('1'),
    /** `false`: clients without DAVE are let in, and their room is without it while they are there. */
    SIM_REQUIRE_DAVE: z.enum(['true', 'false']).default('true'),
    /** Limits of REST: as Discord's, or none. */
    SIM_RATE_LIMITS: z.enum(['discord', 'off']).default('discord'),
    /** The voice gateway's certificate is written here, for `NODE_EXTRA_CA_CERTS` of its clients. */
    SIM_CERTIFICATE_FILE: z.string().min(1).optional(),
  })
  .safeParse(process.env);
if (!settings.success) {
  process.stderr.write(`wrong settings:\n${z.prettifyError(settings.error)}\n`);
  process.exit(2);
}
const { SIM_HOST, SIM_PORT, SIM_CONTROL_PORT, SIM_CERTIFICATE_FILE } = settings.data;
const { SIM_VOICE_PORT, SIM_DAVE_VERSION, SIM_REQUIRE_DAVE, SIM_RATE_LIMITS } = settings.data;

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
  rest: { rateLimits: SIM_RATE_LIMITS },
  voice: {
    port: SIM_VOICE_PORT,
    daveVersion: SIM_DAVE_VERSION === '0' ? 0 : 1,
    requireDave: SIM_REQUIRE_DAVE === 'true',
  },
  onShutdown: () => void setImmediate(stop),
});
if (SIM_CERTIFICATE_FILE) await writeFile(SIM_CERTIFICATE_FILE, simulator.certificatePem);
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
const { apiUrl, controlUrl, pageUrl } = simulator;
process.stdout.write(
  `${JSON.stringify({ ready: true, apiUrl, controlUrl, pageUrl, certificateFile: SIM_CERTIFICATE_FILE ?? null })}\n`,
);

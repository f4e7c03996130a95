/** `npm start` with a `.env`: the real programs without the demonstration, here with the simulator in Discord's place. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { SimControl } from '@patchbay/sim/control-client';

import { expect, onTestFinished, test } from 'vitest';
import { Child, readyJson } from './stack/child.ts';
import { freePort } from './stack/free-port.ts';
import { exchangeCode, HubWatcher } from './stack/hub.ts';
import { root } from './stack/stack.ts';

/** Runs one of the project's scripts and returns what it printed. */
async function run(script: string, args: string[], env: Record<string, string>): Promise<string> {
  const child = spawn(process.execPath, [join(root, script), ...args], { env: { ...process.env, ...env } });
  let printed = '';
  child.stdout.on('data', (data) => {
    printed += data;
  });
  child.stderr.on('data', (data) => {
    printed += data;
  });
  const [code] = await once(child, 'close');
  expect(code, printed).toBe(0);
  return printed;
}

test('starts by a .env, registers commands, answers them, signs in, and ends by Ctrl-C', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'patchbay-real-'));
  const certificate = join(directory, 'ca.pem');
  const children = new Map<string, Child>();
  try {
    const { ready } = await Child.start({
      children,
      name: 'simulator',
      script: join(root, 'sim/src/main.ts'),
      env: { SIM_PORT: '0', SIM_CONTROL_PORT: '0', SIM_CERTIFICATE_FILE: certificate },
      logFile: join(directory, 'simulator.log'),
      ready: readyJson,
    });
    const sim = new SimControl(ready.controlUrl ?? '');
    const application = await sim.createApplication({ name: 'Patchbay' });
    const { guildId } = await sim.createGuild({ name: 'Harbour Games' });
    const { channelId } = await sim.createVoiceChannel(guildId, { name: 'Lounge' });
    const { channelId: textChannelId } = await sim.createTextChannel(guildId, { name: 'general' });
    await sim.addBot(guildId, application.botUserId);
    const { userId } = await sim.createMember(guildId, { name: 'Ada' });
    const settings = {
      DISCORD_TOKENS: application.token,
      DISCORD_APPLICATION_ID: application.applicationId,
      DISCORD_PUBLIC_KEY: application.publicKey,
      DISCORD_API_URL: ready.apiUrl ?? '',
      NODE_EXTRA_CA_CERTS: certificate,
      HUB_SECRET: 'a secret of at least thirty-two characters',
    };
    const envFile = join(directory, 'env');
    await writeFile(
      envFile,
      Object.entries(settings)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    );
    const port = await freePort();
    const start = [
      join(root, 'system/src/start.ts'),
      '--port',
      String(port),
      '--env',
      envFile,
      '--data',
      join(directory, 'data'),
    ];
    const patchbay = spawn(process.execPath, start, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    // After a failure it would live on and keep the test run from ending; after a success it is gone already.
    onTestFinished(() => void patchbay.kill('SIGINT'));
    const lines: string[] = [];
    for await (const line of createInterface({ input: patchbay.stdout })) {
      lines.push(line);
      if (line.includes('Register the slash commands')) break;
    }
    const hubUrl = `http://127.0.0.1:${port}`;
    expect(lines.join('\n')).toContain(hubUrl);
    expect(lines.join('\n')).not.toContain(application.token);

    expect(await run('worker/scripts/register-commands.ts', [], settings)).toMatch(/^Registered \d+ commands/);
    await sim.setInteractionsUrl(application.applicationId, `${hubUrl}/interactions`);
    expect((await sim.ping({ applicationId: application.applicationId })).outcome).toBe('pong');
    await sim.join(userId, channelId);

    const link = await run('system/src/sign-in.ts', [userId, guildId], {
      HUB_URL: hubUrl,
      HUB_SECRET: settings.HUB_SECRET,
    });
    const token = await exchangeCode(hubUrl, link.trim().split('#code=')[1] ?? '');
    const watcher = await HubWatcher.connect(hubUrl, guildId, token);
    await watcher.until('Ada to be shown', () =>
      watcher.events.some(
        ({ event, payload }) =>
          (event === 'presence.snapshot' && payload.members.some((member) => member.userId === userId)) ||
          (event === 'voice.joined' && payload.member.userId === userId),
      ),
    );
    const answer = await sim.command({
      applicationId: application.applicationId,
      guildId,
      channelId: textChannelId,
      userId,
      name: 'call',
      options: [{ name: 'join', type: 1 }],
    });
    expect(answer).toMatchObject({ outcome: 'message' });
    expect(answer.message?.content).toMatch(/waiting/i);
    watcher.close();

    patchbay.kill('SIGINT');
    patchbay.stdout.resume();
    const [code] = await once(patchbay, 'close');
    expect(code).toBe(0);
  } finally {
    for (const child of children.values()) await child.stop();
    await rm(directory, { recursive: true, force: true });
  }
}, 90_000);

/**
 * Many voice connections of @discordjs/voice in one process: they listen, or say a clip over and over through its audio player.
 *
 * Settings: DISCORD_API_URL, BOTS (`[{"token":"…","channels":[["guild","channel"],…]},…]`), CLIP (name of a clip; none: only
 * listen). One JSON line on stdout says that all connections are ready.
 */
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { createAudioPlayer, createAudioResource, StreamType, type VoiceConnection } from '@discordjs/voice';
import { loadClips } from '@patchbay/sim/clips';
import { z } from 'zod';
import { complain, connectBot, type DiscordjsBot } from './discordjs-bot.ts';

const bots = z.array(z.object({ token: z.string(), channels: z.array(z.tuple([z.string(), z.string()])) }));
const settings = z
  .object({
    DISCORD_API_URL: z.url(),
    BOTS: z.string().transform((text) => bots.parse(JSON.parse(text))),
    CLIP: z.string().optional(),
  })
  .parse(process.env);

const connections: VoiceConnection[] = [];
const connected: DiscordjsBot[] = [];
for (const { token, channels } of settings.BOTS) {
  const bot = await connectBot(settings.DISCORD_API_URL, token);
  connected.push(bot);
  for (const [guildId, channelId] of channels) connections.push(await bot.join(guildId, channelId));
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const connection of connections) connection.destroy();
    Promise.allSettled(connected.map((bot) => bot.close())).finally(() => process.exit(0));
  });
}
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);

const clip = settings.CLIP === undefined ? undefined : (await loadClips()).get(settings.CLIP);
if (clip) {
  for (const connection of connections) {
    const player = createAudioPlayer();
    player.on('error', complain('player'));
    connection.subscribe(player);
    player.play(createAudioResource(Readable.from(forEver(clip.packets)), { inputType: StreamType.Opus }));
  }
}
// The connections keep the process alive; this is for the case that there are none.
await once(process, 'SIGTERM');

function* forEver(packets: readonly Uint8Array[]): Generator<Buffer> {
  for (;;) for (const packet of packets) yield Buffer.from(packet);
}

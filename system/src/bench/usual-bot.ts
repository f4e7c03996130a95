/**
 * The usual bot, for comparison: it carries voice between two servers as a bot author would with @discordjs/voice alone.
 * `receiver.subscribe` → decoder → encoder → `AudioPlayer` on the other server's connection. (With `StreamType.Raw` the library
 * would put prism-media's encoder in the same place, which needs a codec package that has to be compiled; this one is the same
 * libopus.)
 *
 * Settings: DISCORD_API_URL, DISCORD_TOKEN, CHANNELS (`guild:channel,guild:channel`; more calls after `;`). One JSON line on stdout
 * says that all connections are ready.
 */
import { Transform, type TransformCallback } from 'node:stream';
import {
  createAudioPlayer,
  createAudioResource,
  EndBehaviorType,
  StreamType,
  type VoiceConnection,
} from '@discordjs/voice';
import { Decoder, Encoder } from '@evan/opus';
import { z } from 'zod';
import { complain, connectBot } from './discordjs-bot.ts';

const settings = z
  .object({
    DISCORD_API_URL: z.url(),
    DISCORD_TOKEN: z.string().min(1),
    CHANNELS: z
      .string()
      .transform((calls) => calls.split(';').map((call) => call.split(',').map((place) => place.split(':')))),
  })
  .parse(process.env);

/** A stream of Opus packets to one of PCM: 48 kHz, stereo, 16 bits. */
class Decode extends Transform {
  readonly #decoder = new Decoder({ channels: 2, sample_rate: 48_000 });

  constructor() {
    super({ objectMode: true });
  }

  override _transform(packet: Buffer, _encoding: string, done: TransformCallback): void {
    done(null, Buffer.from(this.#decoder.decode(packet)));
  }
}

/** Frames of PCM to Opus packets. */
class Encode extends Transform {
  readonly #encoder = new Encoder({ channels: 2, sample_rate: 48_000, application: 'audio' });

  constructor() {
    super({ objectMode: true });
  }

  override _transform(pcm: Buffer, _encoding: string, done: TransformCallback): void {
    done(null, Buffer.from(this.#encoder.encode(pcm)));
  }
}

const bot = await connectBot(settings.DISCORD_API_URL, settings.DISCORD_TOKEN);

/** Plays everybody who speaks in one channel into the other. */
function relay(from: VoiceConnection, to: VoiceConnection): void {
  const player = createAudioPlayer();
  player.on('error', complain('player'));
  to.subscribe(player);
  from.receiver.speaking.on('start', (userId) => {
    if (from.receiver.subscriptions.has(userId)) return;
    const end = { behavior: EndBehaviorType.AfterSilence, duration: 100 } as const;
    const packets = from.receiver.subscribe(userId, { end });
    packets.on('error', complain('receiver'));
    const encoded = packets.pipe(new Decode()).pipe(new Encode());
    player.play(createAudioResource(encoded, { inputType: StreamType.Opus }));
  });
}

const connections: VoiceConnection[] = [];
for (const call of settings.CHANNELS) {
  const joined = await Promise.all(call.map(([guildId = '', channelId = '']) => bot.join(guildId, channelId)));
  const [left, right] = joined;
  if (!left || !right) throw new Error('CHANNELS must name two channels for each call: guild:channel,guild:channel');
  connections.push(...joined);
  relay(left, right);
  relay(right, left);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const connection of connections) connection.destroy();
    bot.close().finally(() => process.exit(0));
  });
}
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);

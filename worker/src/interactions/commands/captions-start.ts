import { fleetOf } from '../../env.ts';
import { command, ownGuild } from '../command.ts';
import { refusal, reply } from '../words.ts';
import { channelOption } from './options.ts';

/** `/captions start`: what is said in a voice channel is transcribed; its people are told. */
export const captionsStart = command({
  key: 'command.captions.start',
  target: true,
  rule: 'captions.start',
  options: [channelOption],
  run: async (context) => {
    const { env, guildId, language, say, target } = context;
    if (!(await fleetOf(env).canCaption(guildId))) return refusal(say('captions_unavailable'), 'captions_unavailable');
    return reply(language, await ownGuild(context).captions({ action: 'start', channelId: target.channelId }));
  },
});

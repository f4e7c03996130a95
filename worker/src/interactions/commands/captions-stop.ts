import { command, ownGuild } from '../command.ts';
import { reply } from '../words.ts';
import { channelOption } from './options.ts';

/** `/captions stop`. */
export const captionsStop = command({
  key: 'command.captions.stop',
  target: true,
  rule: 'captions.stop',
  options: [channelOption],
  run: async (context) =>
    reply(context.language, await ownGuild(context).captions({ action: 'stop', channelId: context.target.channelId })),
});

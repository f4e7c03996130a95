import { ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { command, numberOption, ownGuild } from '../command.ts';
import { reply } from '../words.ts';
import { channelOption } from './options.ts';

/** `/record start`: records a voice channel, or its side of the call that it is in. */
export const recordStart = command({
  key: 'command.record.start',
  options: [channelOption, { key: 'option.record-minutes', type: Type.Integer, min: 0, max: 1440 }],
  rule: 'record.start',
  target: true,
  run: async (context) => {
    const { userId, target, language } = context;
    const minutes = numberOption(context, 'minutes');
    // Discord itself keeps to these bounds; a forged client may not.
    const limitSeconds = minutes === undefined ? undefined : Math.min(1440, Math.max(0, Math.trunc(minutes))) * 60;
    const request = { channelId: target.channelId, userId, limitSeconds };
    return reply(language, await ownGuild(context).startRecording(request));
  },
});

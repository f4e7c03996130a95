import { ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { command, numberOption, ownGuild } from '../command.ts';
import { reply } from '../words.ts';
import { defaultChannelOption, voiceChannel } from './options.ts';

/** `/setup record limit`: how long recordings may be; for a channel, or for all of the server. */
export const setupRecordLimit = command({
  key: 'command.setup.record.limit',
  rule: 'setup',
  options: [{ key: 'option.limit-minutes', type: Type.Integer, min: 0, max: 1440 }, defaultChannelOption],
  run: async (context) => {
    const channel = voiceChannel(context);
    if (channel && 'refused' in channel) return channel.refused;
    const minutes = numberOption(context, 'minutes');
    const patch = { recordLimitSeconds: minutes === undefined ? null : minutes * 60 };
    return reply(context.language, await ownGuild(context).change(channel?.channelId ?? null, patch));
  },
});

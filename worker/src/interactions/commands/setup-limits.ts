import { ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { command, numberOption, ownGuild } from '../command.ts';
import { refusal, reply } from '../words.ts';
import { defaultChannelOption, voiceChannel } from './options.ts';

/** `/setup limits`: length of a call, warning before its end, least people; for a channel, or for all of the server. */
export const setupLimits = command({
  key: 'command.setup.limits',
  rule: 'setup',
  options: [
    { key: 'option.seconds', type: Type.Integer, min: 0, max: 86_400 },
    { key: 'option.warning', type: Type.Integer, min: 0, max: 3_600 },
    { key: 'option.people', type: Type.Integer, min: 1, max: 50 },
    defaultChannelOption,
  ],
  run: async (context) => {
    const channel = voiceChannel(context);
    if (channel && 'refused' in channel) return channel.refused;
    const given = {
      limitSeconds: numberOption(context, 'seconds'),
      warnSeconds: numberOption(context, 'warning'),
      leastPeople: numberOption(context, 'people'),
    };
    const patch = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    if (Object.keys(patch).length === 0) return refusal(context.say('nothing_given'), 'nothing_given');
    return reply(context.language, await ownGuild(context).change(channel?.channelId ?? null, patch));
  },
});

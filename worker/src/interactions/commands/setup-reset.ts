import { ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { booleanOption, command, ownGuild } from '../command.ts';
import { refusal, reply } from '../words.ts';
import { defaultChannelOption, voiceChannel } from './options.ts';

/** `/setup reset`: forgets what was set up for a channel, or everything. Calls that run go on. */
export const setupReset = command({
  key: 'command.setup.reset',
  rule: 'setup',
  options: [
    { ...defaultChannelOption, key: 'option.reset-channel' },
    { key: 'option.everything', type: Type.Boolean },
  ],
  run: async (context) => {
    const channel = voiceChannel(context);
    if (channel && 'refused' in channel) return channel.refused;
    if (!channel && booleanOption(context, 'everything') !== true) {
      return refusal(context.say('reset_what'), 'reset_what');
    }
    return reply(context.language, await ownGuild(context).reset(channel?.channelId ?? null));
  },
});

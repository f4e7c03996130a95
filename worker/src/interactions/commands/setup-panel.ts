import { ChannelType, ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { command, ownGuild, textOption } from '../command.ts';
import { refusal, reply } from '../words.ts';
import { defaultChannelOption, voiceChannel } from './options.ts';

/** `/setup panel`: the text channel in which calls are shown; for a voice channel, or for all of the server. */
export const setupPanel = command({
  key: 'command.setup.panel',
  rule: 'setup',
  options: [
    { key: 'option.text', type: Type.Channel, channelTypes: [ChannelType.GuildText, ChannelType.GuildVoice] },
    defaultChannelOption,
  ],
  run: async (context) => {
    const channel = voiceChannel(context);
    if (channel && 'refused' in channel) return channel.refused;
    const panel = textOption(context, 'text') ?? null;
    const type = panel === null ? ChannelType.GuildText : context.channels[panel]?.type;
    if (type !== ChannelType.GuildText && type !== ChannelType.GuildVoice) {
      return refusal(context.say('text_channel_needed'), 'text_channel_needed');
    }
    return reply(context.language, await ownGuild(context).change(channel?.channelId ?? null, { panel }));
  },
});

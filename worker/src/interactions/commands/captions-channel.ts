import { ChannelType, ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { booleanOption, command, ownGuild } from '../command.ts';
import { refusal, reply } from '../words.ts';

/** `/captions channel`: where captions are written; without a text channel, in the voice channel's own chat. */
export const captionsChannel = command({
  key: 'command.captions.channel',
  rule: 'captions.set',
  options: [
    { key: 'option.caption-text', type: Type.Channel, channelTypes: [ChannelType.GuildText] },
    { key: 'option.thread', type: Type.Boolean },
  ],
  run: async (context) => {
    const { channels, options, say, language } = context;
    const text = options.get('text');
    if (text !== undefined && channels[String(text)]?.type !== ChannelType.GuildText) {
      return refusal(say('text_channel_needed'), 'text_channel_needed');
    }
    const thread = booleanOption(context, 'thread');
    const patch = { text: text === undefined ? null : String(text), ...(thread === undefined ? {} : { thread }) };
    return reply(language, await ownGuild(context).captions({ action: 'change', patch }));
  },
});

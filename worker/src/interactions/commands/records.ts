import { snowflake } from '@patchbay/shared/ids';
import { ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { command, textOption } from '../command.ts';
import { recordsAnswer } from '../recordings.ts';
import { recordedChannelOption } from './options.ts';

/** `/records`: recordings of a channel, or those that the caller was in; in the bot's direct messages, too. */
export const records = command({
  key: 'command.records',
  rule: 'recording.ask',
  direct: true,
  options: [recordedChannelOption, { key: 'option.recorded-channel-id', type: Type.String, maxLength: 20 }],
  run: (context) => {
    const named = textOption(context, 'channel') ?? textOption(context, 'id')?.trim();
    if (named === undefined || named === '') return recordsAnswer(context, null);
    const channelId = snowflake.safeParse(named);
    return channelId.success ? recordsAnswer(context, channelId.data) : context.say('records.none');
  },
});

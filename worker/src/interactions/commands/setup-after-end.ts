import { afterEndSchema } from '@patchbay/shared/end-reason';
import { ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import type { SettingsPatch } from '../../guild/settings.ts';
import { command, numberOption, ownGuild, textOption } from '../command.ts';
import type { TextKey } from '../texts/texts.ts';
import { reply } from '../words.ts';
import { defaultChannelOption, voiceChannel } from './options.ts';

/** `/setup after-end`: queue again, rest, or queue again after a pause; for a channel, or for all of the server. */
export const setupAfterEnd = command({
  key: 'command.setup.after-end',
  rule: 'setup',
  options: [
    {
      key: 'option.policy',
      type: Type.String,
      required: true,
      choices: Object.fromEntries(afterEndSchema.options.map((after) => [after, `after.${after}` satisfies TextKey])),
    },
    { key: 'option.minutes', type: Type.Integer, min: 1, max: 1440 },
    defaultChannelOption,
  ],
  run: async (context) => {
    const channel = voiceChannel(context);
    if (channel && 'refused' in channel) return channel.refused;
    const minutes = numberOption(context, 'minutes');
    // Checked where it is stored.
    const after = textOption(context, 'policy') as SettingsPatch['after'];
    const patch = { after, ...(minutes === undefined ? {} : { cooldownSeconds: minutes * 60 }) };
    return reply(context.language, await ownGuild(context).change(channel?.channelId ?? null, patch));
  },
});

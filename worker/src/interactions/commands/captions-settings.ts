import { ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import type { CaptionsPatch } from '../../guild/captions/settings.ts';
import { booleanOption, command, ownGuild, textOption } from '../command.ts';
import { refusal, reply } from '../words.ts';

/** `/captions settings`: when captions begin, what is transcribed once more, and what other servers may. */
export const captionsSettings = command({
  key: 'command.captions.settings',
  rule: 'captions.set',
  options: [
    { key: 'option.auto', type: Type.Boolean },
    {
      key: 'option.prerecorded',
      type: Type.String,
      choices: { gaps: 'prerecorded.gaps', all: 'prerecorded.all' },
    },
    { key: 'option.partners', type: Type.Boolean },
  ],
  run: async (context) => {
    const prerecorded = textOption(context, 'prerecorded');
    const given = {
      auto: booleanOption(context, 'auto'),
      prerecorded: prerecorded === 'gaps' || prerecorded === 'all' ? prerecorded : undefined,
      partners: booleanOption(context, 'partners'),
    };
    // What was not given stays as it is.
    const patch = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as CaptionsPatch;
    if (Object.keys(patch).length === 0) return refusal(context.say('nothing_given'), 'nothing_given');
    return reply(context.language, await ownGuild(context).captions({ action: 'change', patch }));
  },
});

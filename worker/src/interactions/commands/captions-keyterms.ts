import { ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { plain } from '../../panel/render.ts';
import { command, ownGuild, textOption } from '../command.ts';
import { clip, reply } from '../words.ts';

const MOST_TYPED = 1_000;

/** `/captions keyterms add`: names and jargon that are recognised better. */
export const captionsKeytermsAdd = command({
  key: 'command.captions.keyterms.add',
  rule: 'captions.set',
  options: [{ key: 'option.terms', type: Type.String, required: true, maxLength: MOST_TYPED }],
  run: async (context) => {
    const text = textOption(context, 'terms') ?? '';
    return reply(context.language, await ownGuild(context).captions({ action: 'keyterms', text, add: true }));
  },
});

/** `/captions keyterms remove`. */
export const captionsKeytermsRemove = command({
  key: 'command.captions.keyterms.remove',
  rule: 'captions.set',
  options: [
    {
      key: 'option.terms',
      type: Type.String,
      required: true,
      maxLength: MOST_TYPED,
      complete: async (context, typed) => {
        const { settings } = await ownGuild(context).showCaptions(context.userId, null);
        const fitting = settings.keyterms.filter((term) => term.toLowerCase().includes(typed));
        return fitting.map((term) => ({ name: term, value: term }));
      },
    },
  ],
  run: async (context) => {
    const text = textOption(context, 'terms') ?? '';
    return reply(context.language, await ownGuild(context).captions({ action: 'keyterms', text, add: false }));
  },
});

/** `/captions keyterms list`. */
export const captionsKeytermsList = command({
  key: 'command.captions.keyterms.list',
  rule: 'captions.own',
  run: async (context) => {
    const { say, userId } = context;
    const { settings } = await ownGuild(context).showCaptions(userId, null);
    if (settings.keyterms.length === 0) return say('captions.no_keyterms');
    const lines = settings.keyterms.map((term) => `- ${plain(term)}`);
    return clip([say('captions.keyterms', { count: lines.length }), ...lines], (count) =>
      say('captions.more_keyterms', { count }),
    );
  },
});

import { ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { command, numberOption, ownGuild } from '../command.ts';
import { refusal, reply } from '../words.ts';

/** `/setup retention`: how long recordings of the server, and their parts as received, are kept. */
export const setupRetention = command({
  key: 'command.setup.retention',
  rule: 'setup',
  options: [
    { key: 'option.recording-days', type: Type.Integer, min: 0, max: 3_650 },
    { key: 'option.chunk-days', type: Type.Integer, min: 0, max: 3_650 },
  ],
  run: async (context) => {
    const given = { recordingDays: numberOption(context, 'recordings'), chunkDays: numberOption(context, 'chunks') };
    const patch = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    if (Object.keys(patch).length === 0) return refusal(context.say('nothing_given'), 'nothing_given');
    return reply(context.language, await ownGuild(context).change(null, patch));
  },
});

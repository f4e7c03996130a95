import { ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { command, ownGuild, textOption } from '../command.ts';
import { reply } from '../words.ts';

/** `/setup mail add`: a mail about each recording goes to this address. */
export const setupMailAdd = command({
  key: 'command.setup.mail.add',
  rule: 'setup',
  options: [{ key: 'option.address', type: Type.String, required: true, maxLength: 200 }],
  run: async (context) => {
    const address = (textOption(context, 'address') ?? '').trim();
    const { mailTo } = await ownGuild(context).recordingRules();
    const answer = await ownGuild(context).change(null, { mailTo: [...new Set([...mailTo, address])] });
    return answer.ok ? context.say('recording.mail_added', { address }) : reply(context.language, answer);
  },
});

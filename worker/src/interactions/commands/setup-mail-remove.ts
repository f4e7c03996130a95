import { ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { command, ownGuild, textOption } from '../command.ts';
import { refusal } from '../words.ts';

/** `/setup mail remove`: no more mails to this address. */
export const setupMailRemove = command({
  key: 'command.setup.mail.remove',
  rule: 'setup',
  options: [{ key: 'option.address', type: Type.String, required: true, maxLength: 200 }],
  run: async (context) => {
    const address = (textOption(context, 'address') ?? '').trim();
    const { mailTo } = await ownGuild(context).recordingRules();
    const left = mailTo.filter((each) => each !== address);
    if (left.length === mailTo.length)
      return refusal(context.say('recording.mail_unknown', { address }), 'mail_unknown');
    await ownGuild(context).change(null, { mailTo: left.length > 0 ? left : null });
    return context.say('recording.mail_removed', { address });
  },
});

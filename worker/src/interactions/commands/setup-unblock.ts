import { ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { command, ownGuild, textOption } from '../command.ts';
import { reply } from '../words.ts';
import { serverName } from './options.ts';

/** `/setup unblock`: a blocked server is allowed again. */
export const setupUnblock = command({
  key: 'command.setup.unblock',
  rule: 'setup',
  options: [
    {
      key: 'option.blocked',
      type: Type.String,
      required: true,
      maxLength: 100,
      complete: async (context, typed) => {
        const { blocks } = await ownGuild(context).known();
        return blocks
          .map(({ reference, name }) => ({ name: serverName(context, name), value: reference }))
          .filter(({ name }) => name.toLowerCase().includes(typed));
      },
    },
  ],
  run: async (context) =>
    reply(context.language, await ownGuild(context).setBlock(textOption(context, 'server') ?? '', false)),
});

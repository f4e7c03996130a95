import { ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { command, ownGuild, textOption } from '../command.ts';
import { reply } from '../words.ts';
import { serverName } from './options.ts';

/** `/setup block`: never be called together with a server again. */
export const setupBlock = command({
  key: 'command.setup.block',
  rule: 'setup',
  options: [
    {
      key: 'option.server',
      type: Type.String,
      required: true,
      maxLength: 100,
      // The servers of the last calls; those without a name are told apart by their place in the list alone.
      complete: async (context, typed) => {
        const { partners } = await ownGuild(context).known();
        return partners
          .map(({ reference, name }, index) => ({
            name: `${index + 1}. ${serverName(context, name)}`,
            value: reference,
          }))
          .filter(({ name }) => name.toLowerCase().includes(typed));
      },
    },
  ],
  run: async (context) =>
    reply(context.language, await ownGuild(context).setBlock(textOption(context, 'server') ?? '', true)),
});

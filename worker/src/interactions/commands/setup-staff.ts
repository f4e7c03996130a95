import { ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { command, ownGuild, textOption } from '../command.ts';
import { reply } from '../words.ts';

/** `/setup staff`: the role whose members count as staff (`access/roles.ts`); without one, nobody does. */
export const setupStaff = command({
  key: 'command.setup.staff',
  rule: 'setup',
  options: [{ key: 'option.staff-role', type: Type.Role }],
  run: async (context) =>
    reply(context.language, await ownGuild(context).change(null, { staffRole: textOption(context, 'role') ?? null })),
});

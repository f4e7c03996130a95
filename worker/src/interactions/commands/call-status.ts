import { type Command, ownGuild, textOption } from '../command.ts';

/** `/call status`: idle, waiting, or in a call with whom. */
export const callStatus: Command = async (context) =>
  (await ownGuild(context).status(context.userId, textOption(context, 'channel'))).message;

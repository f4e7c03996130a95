import { type Command, mayDo, ownGuild, textOption } from '../command.ts';

const MANAGE_CHANNELS = 1n << 4n;

/** `/call stop`: ends the call of the caller's channel, or takes it out of the queue. */
export const callStop: Command = async (context) => {
  const mayManage = mayDo(context, MANAGE_CHANNELS);
  return (await ownGuild(context).stop(context.userId, textOption(context, 'channel'), mayManage)).message;
};

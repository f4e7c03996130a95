import { type Command, ownGuild } from '../command.ts';

/** `/call join`: queues the voice channel that the caller is in. */
export const callJoin: Command = async (context) => (await ownGuild(context).join(context.userId)).message;

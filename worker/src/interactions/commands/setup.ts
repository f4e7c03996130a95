import { afterEndSchema } from '@patchbay/shared/end-reason';
import { type Command, mayDo, ownGuild, textOption } from '../command.ts';

const MANAGE_GUILD = 1n << 5n;
const VOICE_CHANNEL = 2;

/** `/setup`: makes a voice channel one that is queued when people join. */
export const setup: Command = async (context) => {
  if (!mayDo(context, MANAGE_GUILD)) return 'You need the permission Manage Server to set up a channel.';
  const channelId = textOption(context, 'channel');
  const channel = channelId === undefined ? undefined : context.channels[channelId];
  if (channelId === undefined || channel?.type !== VOICE_CHANNEL)
    return 'Choose a voice channel with the option "channel".';
  const after = afterEndSchema.safeParse(textOption(context, 'after') ?? 'requeue');
  if (!after.success) return 'The option "after" is one of requeue, idle and cooldown.';
  const record = context.options.get('record') === true;
  return (await ownGuild(context).configure(channelId, channel.name, { record, after: after.data })).message;
};

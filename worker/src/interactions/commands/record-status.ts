import { command, ownGuild } from '../command.ts';
import { recordWords } from '../record-words.ts';
import { channelOption } from './options.ts';

/** `/record status`: what is recorded, since when, by whom, and how people were told. */
export const recordStatus = command({
  key: 'command.record.status',
  options: [channelOption],
  rule: 'record.status',
  target: true,
  run: async (context) =>
    recordWords(context.language, await ownGuild(context).recordStatus(context.target.channelId)).join(' '),
});

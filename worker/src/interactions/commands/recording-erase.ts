import { snowflake } from '@patchbay/shared/ids';
import { ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { recordingOf } from '../../env.ts';
import { command, textOption } from '../command.ts';
import { findRecording } from '../recordings.ts';
import { refusal } from '../words.ts';
import { sessionOption } from './download.ts';

/** `/recording erase`: takes a person out of a recording; themselves, or anybody for those who manage the server. */
export const recordingErase = command({
  key: 'command.recording.erase',
  rule: 'recording.ask',
  options: [sessionOption, { key: 'option.person', type: Type.User }],
  run: async (context) => {
    const { env, say } = context;
    const session = (textOption(context, 'session') ?? '').trim();
    const user = snowflake.catch(context.userId).parse(textOption(context, 'user') ?? context.userId);
    const found = await findRecording(context, session);
    if (!found) return refusal(say('recording.unknown'), 'unknown');
    const answer = await recordingOf(env, session).erasePerson(found.asker, user);
    const values = { session, user };
    return answer.ok ? say('recording.erased', values) : refusal(say(`recording.${answer.code}`, values), answer.code);
  },
});

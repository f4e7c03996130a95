/** Who may read reports: the people whom those who run the bot have named, in whatever server they ask. */
import { settingsOf } from '../env.ts';
import type { CommandContext } from './command.ts';
import { refusal } from './words.ts';

export const isReader = ({ env, userId }: CommandContext): boolean => settingsOf(env).REPORT_READERS.includes(userId);

/** What somebody is told who may not read reports: who may. */
export function readerRefusal({ env, say, language }: CommandContext): string {
  const readers = settingsOf(env).REPORT_READERS.map((id) => `<@${id}>`);
  if (readers.length === 0) return refusal(say('reports.no_readers'), 'no_readers');
  const list = new Intl.ListFormat(language, { type: 'conjunction' }).format(readers.slice(0, 20));
  return refusal(say('reports.not_a_reader', { readers: list }), 'not_a_reader');
}

import { ulidSchema } from '@patchbay/shared/ids';
import { ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { openDb } from '../../db/db.ts';
import { isReport, newestReports } from '../../db/reports.ts';
import { reportOf, settingsOf } from '../../env.ts';
import { plain } from '../../panel/render.ts';
import { LINK_SECONDS, type ReportLink } from '../../report/record.ts';
import { failureWords } from '../../report/words.ts';
import { type Choice, type CommandContext, command, numberOption, textOption } from '../command.ts';
import { MOST_LINKS } from '../links.ts';
import { refusal } from '../words.ts';

/** The newest reports, for readers alone. */
async function choices(context: CommandContext, typed: string): Promise<Choice[]> {
  const rows = await newestReports(openDb(context.env, settingsOf(context.env)), 100);
  const named = rows.map(({ id, at, guildName, reason }) => ({
    name: `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} ${guildName}: ${reason}`,
    value: id,
  }));
  return named.filter(({ name, value }) => `${name} ${value}`.toLowerCase().includes(typed));
}

/** The name of an object in its folder says whose voice it is. */
const labelOf = ({ key }: ReportLink): string => key.slice(key.lastIndexOf('/') + 1).slice(0, 80);

/** `/reports read`: links to what was sealed, for the named readers; each is written down. */
export const reportsRead = command({
  key: 'command.reports.read',
  rule: 'report.read',
  options: [
    { key: 'option.report', type: Type.String, required: true, maxLength: 26, complete: choices },
    { key: 'option.page', type: Type.Integer, min: 1, max: 3 },
  ],
  run: async (context) => {
    const { env, say, language, userId } = context;
    const settings = settingsOf(env);
    const reportId = (textOption(context, 'id') ?? '').trim();
    const unknown = refusal(say('reports.unknown'), 'report_unknown');
    // No object is made for an id that somebody made up.
    if (!ulidSchema.safeParse(reportId).success || !(await isReport(openDb(env, settings), reportId))) return unknown;
    const page = numberOption(context, 'page') ?? 1;
    const answer = await reportOf(env, reportId).links(userId, { from: (page - 1) * MOST_LINKS, count: MOST_LINKS });
    if (!answer.ok) return answer.code === 'gone' ? unknown : refusal(say('reports.no_bucket'), answer.code);
    const { call, sealing, expiresAt } = answer.record;
    const about = say('reports.about', {
      ...{ report: reportId, at: Math.floor(call.at / 1000), user: call.userId, reason: plain(call.reason) },
      expires: Math.floor(expiresAt / 1000),
    });
    if (sealing.state === 'failed') return `${about}\n${failureWords(language, sealing.code)}`;
    if (sealing.state !== 'sealed') return `${about}\n${say(`reports.state.${sealing.state}`)}`;
    const voices = sealing.objects.flatMap(({ userId: speaker }) => (speaker === undefined ? [] : `<@${speaker}>`));
    const pages = Math.ceil(sealing.objects.length / MOST_LINKS);
    return {
      content: [
        about,
        say('reports.voices', { voices: [...new Set(voices)].slice(0, MOST_LINKS).join(' ') }),
        say('reports.links', { minutes: LINK_SECONDS / 60 }),
        ...(pages > 1 ? [say('reports.pages', { page, pages })] : []),
      ].join('\n'),
      links: answer.links.map((link) => ({ label: labelOf(link), url: link.url })),
    };
  },
});

import type { DeskAction } from '../../guild/desk.ts';
import { type Command, ownGuild, textOption } from '../command.ts';

/** `/desk hold|resume|transfer|invite`: the staff side of a support call. */
export const desk =
  (action: DeskAction): Command =>
  async (context) =>
    (await ownGuild(context).desk(context.userId, action, textOption(context, 'channel'))).message;

/** Buttons that open links, below an answer. Pure. */
import { ButtonStyle, ComponentType } from 'discord-api-types/v10';

export interface Link {
  /** Up to 80 characters. */
  label: string;
  /** Up to 512 characters: Discord refuses longer ones. */
  url: string;
}

const PER_ROW = 5;
/** Five rows of five. */
export const MOST_LINKS = 25;

/** Rows of buttons; what is over {@link MOST_LINKS} is left out. */
export function linkRows(links: readonly Link[]): object[] {
  const shown = links.slice(0, MOST_LINKS);
  return Array.from({ length: Math.ceil(shown.length / PER_ROW) }, (_, row) => ({
    type: ComponentType.ActionRow,
    components: shown
      .slice(row * PER_ROW, (row + 1) * PER_ROW)
      .map(({ label, url }) => ({ type: ComponentType.Button, style: ButtonStyle.Link, label, url })),
  }));
}

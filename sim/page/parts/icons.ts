import { html } from '../html.ts';

/** Outlines on a grid of 24, drawn with the text's colour. */
const paths = {
  hash: 'M9 4 7 20M17 4l-2 16M4 9h17M3 15h17',
  speaker: 'M4 10v4h3l5 4V6l-5 4zM16 9a4 4 0 0 1 0 6M18.5 6.5a8 8 0 0 1 0 11',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  folder: 'm6 9 6 6 6-6',
  plus: 'M12 5v14M5 12h14',
  cross: 'M6 6l12 12M18 6 6 18',
  mic: 'M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM6 11a6 6 0 0 0 12 0M12 17v4',
  micOff: 'M9 9v2a3 3 0 0 0 5 2M15 10V6a3 3 0 0 0-6-1M6 11a6 6 0 0 0 9 5M12 17v4M4 3l16 18',
  ear: 'M4 14v-2a8 8 0 0 1 16 0v2M4 14h4v6H5a1 1 0 0 1-1-1zM20 14h-4v6h3a1 1 0 0 0 1-1z',
  earOff: 'M4 14v-2a8 8 0 0 1 13-6M20 12v2M4 14h4v6H5a1 1 0 0 1-1-1zM20 14h-4v3M3 3l18 18',
  camera: 'M3 7h12v10H3zM15 11l6-3v8l-6-3',
  screen: 'M3 5h18v12H3zM9 21h6M12 17v4M12 8v6M9.5 10.5 12 8l2.5 2.5',
  hangUp: 'M3 15c0-6 18-6 18 0v2l-5-1v-3a13 13 0 0 0-8 0v3l-5 1z',
  play: 'M7 5v14l12-7z',
  people:
    'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20a6.5 6.5 0 0 1 13 0M16 4.5a3.5 3.5 0 0 1 0 6.5M18 14a6.5 6.5 0 0 1 3.5 6',
  list: 'M4 6h16M4 12h16M4 18h10',
  chat: 'M4 5h16v11H9l-5 4z',
  file: 'M6 3h8l4 4v14H6zM14 3v4h4',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  bolt: 'M13 2 4 14h7l-1 8 9-12h-7z',
  check: 'm5 12 5 5 9-10',
  link: 'M14 4h6v6M20 4l-9 9M10 5H4v15h15v-6',
  swap: 'M7 4 3 8l4 4M3 8h14M17 12l4 4-4 4M21 16H7',
} as const;
export type IconName = keyof typeof paths;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return html`<svg class="icon" width=${size} height=${size} viewBox="0 0 24 24" aria-hidden="true">
    <path d=${paths[name]} />
  </svg>`;
}

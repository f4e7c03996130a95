import { html } from '../html.ts';

const colors = ['#5865f2', '#3ba55c', '#c98a1b', '#d8494c', '#c2509b', '#2b8fb3', '#8a5cd6', '#5d7f3a'];

/** Everybody has a colour of their own, from their id. */
export function avatarColor(id: string): string {
  // Ids made in one millisecond differ in the low bits, others in the high ones.
  const number = BigInt(id);
  return colors[Number(((number >> 22n) + number) % BigInt(colors.length))] ?? '#5865f2';
}

export function initials(name: string): string {
  const words = name.split(/[\s_-]+/).filter(Boolean);
  return words
    .slice(0, 2)
    .map((word) => [...word][0]?.toUpperCase() ?? '')
    .join('');
}

export function Avatar(props: { id: string; name: string; size?: number; speaking?: boolean; status?: 'on' | 'off' }) {
  const { id, name, size = 32, speaking = false, status } = props;
  return html`<span class=${`avatar${speaking ? ' speaking' : ''}`} style=${`--size:${size}px;--own:${avatarColor(id)}`} aria-hidden="true">
    ${initials(name)}${status && html`<i class=${`status ${status}`}></i>`}
  </span>`;
}

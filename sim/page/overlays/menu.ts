import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { attempt } from '../actions.ts';
import { html } from '../html.ts';
import { Icon } from '../parts/icons.ts';
import { getState, type MenuItem, setState, useStore } from '../state/store.ts';

/** Opens a menu at the pointer, or under the element when the keyboard opened it. */
export function openMenu(event: MouseEvent | KeyboardEvent, title: string, items: MenuItem[]): void {
  event.preventDefault();
  event.stopPropagation();
  const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
  const pointer = event instanceof MouseEvent && (event.clientX !== 0 || event.clientY !== 0);
  if (pointer) openMenuAt(event.clientX, event.clientY, title, items);
  else openMenuAt(box.left + 16, box.bottom, title, items);
}

export function openMenuAt(x: number, y: number, title: string, items: MenuItem[]): void {
  setState({ menu: { title, x, y, items } });
}

function close(): void {
  setState({ menu: undefined });
}

export function Menu() {
  const menu = useStore((state) => state.menu);
  const list = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = list.current;
    if (!menu || !element) return undefined;
    const before = document.activeElement;
    // Inside the window, whatever it was opened on.
    element.style.left = `${Math.max(8, Math.min(menu.x, innerWidth - element.offsetWidth - 8))}px`;
    element.style.top = `${Math.max(8, Math.min(menu.y, innerHeight - element.offsetHeight - 8))}px`;
    element.querySelector('button')?.focus();
    return () => {
      if (before instanceof HTMLElement && getState().dialog === undefined) before.focus();
    };
  }, [menu]);
  useEffect(() => {
    addEventListener('resize', close);
    return () => removeEventListener('resize', close);
  }, []);
  if (!menu) return null;
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Escape' || event.key === 'Tab') close();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const buttons = [...(list.current?.querySelectorAll('button') ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    buttons.at((at + step) % buttons.length)?.focus();
  };
  const choose = (item: MenuItem) => () => {
    close();
    void attempt(async () => item.run());
  };
  return html`<div class="overlay clear" onClick=${close} onContextMenu=${(event: Event) => event.preventDefault()}>
    <div class="menu" role="menu" aria-label=${menu.title} ref=${list} onKeyDown=${onKey} onClick=${(event: Event) => event.stopPropagation()}>
      <div class="menu-title">${menu.title}</div>
      ${menu.items.map(
        (item) => html`<button role="menuitem" class=${item.danger ? 'danger' : ''} onClick=${choose(item)}>
          <span>${item.label}</span>${item.checked && html`<${Icon} name="check" size=${16} />`}
        </button>`,
      )}
    </div>
  </div>`;
}

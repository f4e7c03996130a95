/** Tells a player that they dropped out of voice, and offers the way back. Looks: `@patchbay/client/style.css`. */
import { type ReactElement, useId, useLayoutEffect, useRef } from 'react';
import type { LeaveCause } from '../protocol.ts';
import { type DropoutTexts, englishTexts } from './texts.ts';
import { useLatest } from './use-client.ts';

export interface VoiceDropoutModalProps {
  open: boolean;
  onRejoin: () => void;
  /** The player gives up: usually they leave the game room. */
  onLeave: () => void;
  /**
   * The player plays on without voice. With it there is a third button, and Esc means this; without it, Esc means Leave,
   * since closing a dialog must do something (WAI-ARIA, dialog pattern).
   */
  onDismiss?: (() => void) | undefined;
  /** A rejoin is under way. */
  loading?: boolean | undefined;
  cause?: LeaveCause | undefined;
  channelName?: string | undefined;
  /** Why the last rejoin failed, in words. */
  error?: string | undefined;
  /** Where `rejoin` said to go: two links that the player can click. */
  links?: { web: string; app: string } | undefined;
  /** Own words; those left out stay English. */
  texts?: Partial<DropoutTexts> | undefined;
  className?: string | undefined;
}

/** A cause that is less sure than this is not claimed. */
const SURE = 0.5;
const focusable = 'button, a[href]';

/** The modal. Nothing is in the document while it is closed. */
export function VoiceDropoutModal(props: VoiceDropoutModalProps): ReactElement | null {
  return props.open ? <DropoutDialog {...props} /> : null;
}

/**
 * A native modal dialog: the browser makes the rest of the page inert, puts it above everything, and gives the focus back
 * when it closes.
 */
function DropoutDialog(props: VoiceDropoutModalProps): ReactElement {
  const { onRejoin, onLeave, onDismiss, loading = false, cause, channelName, error, links, className } = props;
  const texts = { ...englishTexts, ...props.texts };
  const dialog = useRef<HTMLDialogElement>(null);
  const first = useRef<HTMLButtonElement>(null);
  const id = useId();
  const close = onDismiss ?? onLeave;

  const onKeyDown = useLatest((event: KeyboardEvent) => {
    const element = dialog.current;
    if (!element) return;
    if (event.key === 'Escape') {
      event.preventDefault();
      if (!event.repeat) close();
    } else if (event.key === 'Tab') keepFocus(element, event);
    // A key that the player held down in the game when the dialog came must not press its buttons.
    else if (event.repeat && (event.key === 'Enter' || event.key === ' ')) event.preventDefault();
  });
  useLayoutEffect(() => {
    const element = dialog.current;
    // On the document: after a click beside the buttons the focus is on none of them.
    const listener = (event: KeyboardEvent) => onKeyDown.current(event);
    document.addEventListener('keydown', listener, true);
    element?.showModal();
    first.current?.focus();
    return () => {
      document.removeEventListener('keydown', listener, true);
      element?.close();
    };
  }, [onKeyDown]);

  const why = cause && cause.certainty >= SURE ? texts.causes[cause.kind] : undefined;
  return (
    <dialog
      ref={dialog}
      className={className ? `patchbay-dropout ${className}` : 'patchbay-dropout'}
      aria-modal="true"
      aria-labelledby={`${id}title`}
      aria-describedby={`${id}about`}
      // A phone's back gesture. The parent decides; the dialog closes when `open` goes.
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
    >
      <span className="patchbay-dropout-icon" aria-hidden="true">
        <svg viewBox="0 0 24 24" width="28" height="28" fill="none" stroke="currentColor" aria-hidden="true">
          <path d="M4 14.5V12a8 8 0 0 1 16 0v2.5" />
          <rect x="3.5" y="13.5" width="4" height="6" rx="1.5" />
          <rect x="16.5" y="13.5" width="4" height="6" rx="1.5" />
          <path d="M4 3l16 18" />
        </svg>
      </span>
      <h2 id={`${id}title`}>{texts.title}</h2>
      <p id={`${id}about`} className="patchbay-dropout-about" aria-live="polite">
        {channelName !== undefined && <span>{texts.outOf(channelName)} </span>}
        {why !== undefined && <span>{why}</span>}
      </p>
      <p className="patchbay-dropout-error" role="alert">
        {error}
      </p>
      <div className="patchbay-dropout-status" role="status">
        {loading && texts.rejoining}
        {!loading && links && texts.linkHint}
      </div>
      {links && !loading && (
        <p className="patchbay-dropout-links">
          <a href={links.app}>{texts.openApp}</a>
          <a href={links.web} target="_blank" rel="noopener noreferrer">
            {texts.openWeb}
          </a>
        </p>
      )}
      <div className="patchbay-dropout-actions">
        {/* Not `disabled` while loading: the focus would fall out of the dialog. */}
        <button
          ref={first}
          type="button"
          className="patchbay-dropout-rejoin"
          aria-disabled={loading}
          aria-busy={loading}
          onClick={() => {
            if (!loading) onRejoin();
          }}
        >
          {loading ? texts.rejoining : texts.rejoin}
        </button>
        {onDismiss && (
          <button type="button" onClick={onDismiss}>
            {texts.dismiss}
          </button>
        )}
        <button type="button" onClick={onLeave}>
          {texts.leave}
        </button>
      </div>
    </dialog>
  );
}

/** Tab goes round inside the dialog instead of out to the browser's own buttons. */
function keepFocus(dialog: HTMLDialogElement, event: KeyboardEvent): void {
  const stops = [...dialog.querySelectorAll<HTMLElement>(focusable)];
  const [from, to] = event.shiftKey ? [stops[0], stops.at(-1)] : [stops.at(-1), stops[0]];
  const active = document.activeElement;
  if (active !== from && stops.some((stop) => stop === active)) return;
  event.preventDefault();
  to?.focus();
}

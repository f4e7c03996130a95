import { useEffect, useLayoutEffect, useRef } from 'react';

export interface Toast {
  id: number;
  kind: 'good' | 'bad';
  text: string;
}

/** So long a toast stays, in ms: two readings of its longest sentence. */
const STAYS_MS = 7_000;

/** Short messages in the corner, above everything: a popover, because a modal dialog lies above any `z-index`. */
export function Toasts({ toasts, onGone }: { toasts: Toast[]; onGone: (id: number) => void }) {
  const element = useRef<HTMLDivElement>(null);
  const newest = toasts.at(-1)?.id;
  // What is shown last lies on top: above the dialog, however long that has been open.
  useLayoutEffect(() => {
    if (newest === undefined) return;
    const popover = element.current;
    popover?.showPopover();
    return () => popover?.hidePopover();
  }, [newest]);
  return (
    <div ref={element} popover="manual" className="toasts" role="status">
      {toasts.map((toast) => (
        <OneToast key={toast.id} toast={toast} onGone={onGone} />
      ))}
    </div>
  );
}

function OneToast({ toast: { id, kind, text }, onGone }: { toast: Toast; onGone: (id: number) => void }) {
  useEffect(() => {
    const timer = setTimeout(() => onGone(id), STAYS_MS);
    return () => clearTimeout(timer);
  }, [id, onGone]);
  return <p className={`toast ${kind}`}>{text}</p>;
}

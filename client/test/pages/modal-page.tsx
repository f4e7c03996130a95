/** The drop-out modal alone, its properties set by the test: `show({ loading: true })`. */
import { useState } from 'react';
import { createRoot } from 'react-dom/client';
import { italianTexts, VoiceDropoutModal, type VoiceDropoutModalProps } from '../../src/react/index.ts';

type Shown = Partial<VoiceDropoutModalProps> & { dismissable?: boolean; italian?: boolean };
declare global {
  interface Window {
    show: (shown: Shown) => void;
    /** What was called, in order. */
    calls: string[];
  }
}
window.calls = [];

function Page() {
  const [shown, setShown] = useState<Shown>({ open: false });
  window.show = (change) => setShown((before) => ({ ...before, ...change }));
  const answer = (name: string, closes: boolean) => () => {
    window.calls.push(name);
    if (closes) setShown((before) => ({ ...before, open: false }));
  };
  const { dismissable, italian, ...props } = shown;
  return (
    <>
      <h1>A game</h1>
      <button type="button" onClick={() => setShown((before) => ({ ...before, open: true }))}>
        Drop out
      </button>
      <button type="button" onClick={answer('background', false)}>
        Background
      </button>
      <VoiceDropoutModal
        open={false}
        {...props}
        onRejoin={answer('rejoin', false)}
        onLeave={answer('leave', true)}
        onDismiss={dismissable ? answer('dismiss', true) : undefined}
        texts={italian ? italianTexts : props.texts}
      />
    </>
  );
}

const root = document.getElementById('root');
if (root) createRoot(root).render(<Page />);
